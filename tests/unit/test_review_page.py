"""What the review page is built from: order, words, occurrences, links, and thumbnails from the store."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hashing import Ballot, arrange, fingerprint
from images import FetchFailure, Picture
from report import building
from report.result import Result
from report.review_page import SIDE, review_page, small_pictures
from tests.pictures import encoded, scene
from tests.review_results import result_of, row, thumbnails_of


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def made(found: Result, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    return data_of(review_page(found, labels or ("",) * len(found.rows), thumbnails_of(found)))


def test_rows_stand_in_the_order_of_the_sorted_sheet_with_its_numbers_once_it_was_written() -> None:
    found = result_of([["a", "b"], ["c", "d"]])
    moved = dataclasses.replace(
        found, rows=tuple(dataclasses.replace(one, new_row=7 - one.row) for one in found.rows), summary={}
    )
    assert [one["row"] for one in made(moved)["rows"]] == [5, 4, 3, 2]
    moved.summary["written"] = "rows 2 to 5"
    assert [one["row"] for one in made(moved)["rows"]] == [2, 3, 4, 5]
    assert [one["url"] for one in made(moved)["rows"]] == ["d", "c", "b", "a"]


def test_a_row_is_known_by_its_url_and_how_many_th_of_it_it_is_counting_rows_that_are_not_shown() -> None:
    found = result_of([["a", "b", "a"]])
    alone = dataclasses.replace(found.rows[0], row=1, new_row=9, group=None, family=None, block=None)
    rows = made(dataclasses.replace(found, rows=(alone, *found.rows)))["rows"]
    assert [(one["url"], one["occurrence"]) for one in rows] == [("a", 2), ("b", 1), ("a", 3)]
    assert len({one["id"] for one in rows}) == 3


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://a/1.jpg", True), ("HTTP://a/1.jpg", True), ("javascript:alert(1)//http://", False),
        ("data:text/html,<script>1</script>", False), (" https://a/1.jpg", False), ("file:///etc/passwd", False),
        ("cats/1.jpg", False), ("java\nscript:alert(1)", False), ("//a/1.jpg", False), ("", False),
    ],
)  # fmt: skip
def test_only_web_addresses_are_links(*, url: str, linked: bool) -> None:
    assert made(result_of([[url, "b"]]))["rows"][0]["link"] == (url if linked else None)


def test_a_row_says_which_row_it_is_like_and_how_much() -> None:
    found = result_of([["a", "b", "c"]])
    assert [one["why"] for one in made(found)["rows"]] == [
        "",
        "97 % aligned with row 2 (ahash 1, phash 2, dhash 3)",
        "97 % aligned with row 2 (ahash 1, phash 2, dhash 3)",
    ]
    same = dataclasses.replace(found.rows[1], sha256=found.rows[0].sha256)
    assert made(dataclasses.replace(found, rows=(found.rows[0], same, found.rows[2])))["rows"][1]["why"] == (
        "the same file as row 2"
    )
    (group,) = found.groups
    unscored = tuple(dataclasses.replace(pair, alignment=None, distances=(0, 0, 0)) for pair in group.evidence)
    pixels = dataclasses.replace(found, groups=(dataclasses.replace(group, evidence=unscored),))
    assert made(pixels)["rows"][1]["why"] == "the same pixels as row 2"
    voted = dataclasses.replace(pixels, parameters={"verify": False})
    assert made(voted)["rows"][1]["why"] == "ahash 0, phash 0, dhash 0 from row 2"


def test_families_and_look_alikes_of_a_block_stand_beside_each_other() -> None:
    rows = (
        row(2, "a", group=1, keeper=True, block=1, family=1),
        row(3, "b", group=1, keeper=False, block=1, family=1),
        row(4, "c", group=None, keeper=False, block=1, family=1),
        row(5, "d", group=None, keeper=False, block=1, family=None),
    )
    found = dataclasses.replace(result_of([["a", "b"]]), rows=rows)
    data = made(found)
    assert data["blocks"] == [
        [
            {"family": 1, "strips": [{"group": 1, "rows": [0, 1]}, {"group": None, "rows": [2]}]},
            {"family": None, "strips": [{"group": None, "rows": [3]}]},
        ]
    ]
    assert data["rows"][2]["why"] == "looks like row 2 (ahash 2, phash 2, dhash 2)"
    assert data["rows"][3]["why"] == "looks like row 4 (ahash 1, phash 1, dhash 1)"


def test_foreign_text_is_shown_without_control_and_direction_characters_but_decided_on_as_it_is() -> None:
    url = "http://a/\u202egpj\x07\ud800" + "x" * 50_000
    one = made(result_of([[url, "b"]]), ("la\x1b[31mbel\u2066", ""))["rows"][0]
    assert one["url"] == url
    assert one["shown"].startswith("http://a/?gpj??x")
    assert len(one["shown"]) == 500
    assert one["label"] == "la?[31mbel?"


def test_the_same_page_is_made_of_the_same_result_and_names_its_file_for_any_file_system() -> None:
    found = dataclasses.replace(result_of([["a", "b"]]), worksheet='../con: "<b>"')
    labels = ("", "")
    assert review_page(found, labels, thumbnails_of(found)) == review_page(found, labels, thumbnails_of(found))
    assert made(found)["file"] == "decisions-con-b.json"


def test_thumbnails_come_from_the_kept_files_and_are_gray_where_none_is_kept(tmp_path: Path) -> None:
    shown = scene(1, 600, 450)
    kept, gone = tmp_path / "kept", "http://a/2"
    kept.write_bytes(encoded(shown))
    readings: dict[str, Picture | FetchFailure] = {
        url: Picture(url, url, sha256, 9, "JPEG", 600, 450, fingerprint(shown))
        for url, sha256 in (("http://a/1", "1" * 64), (gone, "2" * 64), ("http://a/again", "1" * 64))
    }
    readings[""] = FetchFailure("", "blank_cell", "The cell is blank.")
    urls = ("http://a/1", "", gone, "http://a/again")
    arrangement = arrange(building.contents_of(urls, readings), Ballot(16))
    rows = building.build_rows(2, urls, readings, arrangement)
    found = Result("book", "tab", "B2:C", {"verify": True}, rows, building.build_groups(2, arrangement))
    asked: list[tuple[int, int]] = []
    small = small_pictures(
        found, readings, lambda sha256: kept if sha256 == "1" * 64 else None, lambda *done: asked.append(done)
    )
    assert list(small) == ["1" * 64, "2" * 64]
    assert [picture.size for picture in small.values()] == [(SIDE, SIDE * 3 // 4)] * 2
    red, green, blue = small["2" * 64].split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    assert len(set(small["1" * 64].getpixel((100, 80)) or ())) > 1  # type: ignore[arg-type]  # RGB: a tuple
    assert asked == [(1, 2), (2, 2)]
    assert [one["picture"] for one in data_of(review_page(found, ("",) * 4, small))["rows"]] == [0, 1, 0]


def test_unreadable_rows_are_told_with_their_reason_as_plain_text() -> None:
    found = result_of([["a", "b"]])
    lost = dataclasses.replace(found.rows[0], row=4, new_row=5, status="http_error", reason="404\x07", url="<b>")
    blank = dataclasses.replace(lost, row=5, status="blank_cell", url="")
    data = made(dataclasses.replace(found, rows=(*found.rows, lost, blank)))
    assert data["unreadable"] == [{"row": 4, "shown": "<b>", "why": "404?"}]


def test_a_result_without_groups_gives_a_page_that_says_so() -> None:
    page = review_page(result_of([]), (), {})
    assert data_of(page)["rows"] == []
    assert "No two pictures are alike." in page
