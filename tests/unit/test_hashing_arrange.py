"""Groups, families, blocks, representatives and the order of rows, on sheets made of a few pictures."""

import pytest
from PIL import Image, ImageOps

from hashing import Ballot, Content, Evidence, arrange, fingerprint, preview
from tests.property.hashing_pictures import content, scene

VOTE = Ballot(20)
BLANK_WHITE, BLANK_GREEN = 20, 21


def test_copies_become_neighbours_where_the_first_of_them_stands() -> None:
    rows = [content(5, 0), content(0, 0), content(10, 0), content(1, 0), None, content(6, 0)]
    done = arrange(rows, VOTE)
    assert done.order == (0, 5, 1, 3, 2, 4)
    assert [group.members for group in done.groups] == [(0, 5), (1, 3)]
    assert done.group == (1, 2, None, 2, None, 1)


def test_the_largest_picture_is_suggested_and_then_the_heaviest_file() -> None:
    small, large, heavy = content(0, 0, 50), content(1, 1, 90), content(1, 2, 90)
    (group,) = arrange([small, large, heavy], VOTE).groups
    assert group.representative == 2


def test_of_identical_files_the_first_row_is_suggested() -> None:
    (group,) = arrange([None, content(3, 1), content(3, 1)], VOTE).groups
    assert (group.members, group.representative) == ((1, 2), 1)
    assert group.evidence == (Evidence((1, 2), (0, 0, 0), None),)


def test_evidence_names_the_pairs_that_formed_a_group() -> None:
    (group,) = arrange([content(0, 0), content(1, 0)], VOTE).groups
    (evidence,) = group.evidence
    assert evidence.rows == (0, 1)
    assert max(evidence.distances) < 20
    assert evidence.alignment is not None and evidence.alignment > 0.9


def test_blank_pictures_match_the_same_pixels_only() -> None:
    rows = [content(BLANK_WHITE, 0), content(BLANK_GREEN, 0), content(BLANK_WHITE, 1), content(0, 0)]
    assert arrange(rows, VOTE).group == (1, None, 1, None)
    assert arrange(rows, VOTE, verify=False).group == (1, None, 1, None)


def test_smooth_pictures_match_nothing() -> None:
    assert not arrange([content(22, 0), content(23, 0)], Ballot(64), verify=False).groups


def test_a_sheet_of_nothing_is_arranged() -> None:
    assert arrange([], VOTE).order == ()
    assert arrange([None, None], VOTE).order == (0, 1)


def _turned(name: str) -> list[Content | None]:
    photo = scene(3, (320, 240))
    turned = {"mirrored": ImageOps.mirror(photo), "rotated": photo.transpose(Image.Transpose.ROTATE_90)}[name]
    return [Content(str(i), fingerprint(picture), 1, 1) for i, picture in enumerate((photo, turned))]


@pytest.mark.parametrize("name", ["mirrored", "rotated"])
def test_turned_copies_are_found_when_asked_for(name: str) -> None:
    rows = _turned(name)
    assert not arrange(rows, VOTE).groups
    assert len(arrange(rows, VOTE, orientations=(name,)).groups) == 1


def test_a_trimmed_fingerprint_finds_what_stands_in_a_wide_frame() -> None:
    photo = scene(3, (320, 240))
    framed = ImageOps.expand(photo, (10, 90), "black")
    groups = []
    for trim in (False, True):
        prints = [fingerprint(picture, trim=trim) for picture in (photo, framed)]
        groups.append(len(arrange([Content(str(i), p, 1, 1) for i, p in enumerate(prints)], VOTE).groups))
    assert groups == [0, 1]


def test_a_preview_counts_what_each_threshold_would_give() -> None:
    rows = [content(0, 0), content(1, 0), content(2, 0), content(5, 0), None]
    table = preview(rows, (1, 64))
    assert [line.threshold for line in table] == [1, 64]
    assert table[1].rows_in_groups >= table[0].rows_in_groups
    for line in table:
        done = arrange(rows, Ballot(line.threshold))
        assert (line.groups, line.pairs) == (len(done.groups), done.counts.near_duplicate_pairs)


def test_progress_ends_at_its_total() -> None:
    seen: dict[str, tuple[int, int]] = {}
    arrange([content(0, 0), content(1, 0)], VOTE, progress=lambda step, done, total: seen.update({step: (done, total)}))
    assert seen == {"comparing": (2, 2), "verifying": (1, 1)}
