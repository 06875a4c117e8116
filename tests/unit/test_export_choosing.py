"""Which rows an export writes: as people decided first, and by the command line's rule where they did not."""

import pytest

from errors import Undecided
from export.choosing import Wanted
from export.splits import parse
from tests.unit.export_rows import grouping, picture, planned

PICTURES = [picture(c) for c in "abcdef"]
GROUPS = grouping([1, 1, 1, 2, 2, None], [0, 4])
"""Rows 2 to 4 with keeper 2, rows 5 and 6 with keeper 6, and row 7 alone."""


def exported(*decisions: str, **wanted: object) -> list[int]:
    made = planned(PICTURES, groups=GROUPS, decisions=decisions, wanted=Wanted(**wanted))  # type: ignore[arg-type]
    return [row.row for row in made.rows if row.file]


def test_what_is_to_be_dropped_is_left_out_with_the_reason_and_keeps_its_place_in_the_manifest() -> None:
    made = planned(PICTURES, groups=GROUPS, decisions=["drop", "", "", "", "", "drop"])
    assert [row.row for row in made.rows if row.file] == [3, 4, 5, 6]
    assert [(made.rows[i].status, made.rows[i].reason) for i in (0, 5)] == [("left_out", "It was decided: drop.")] * 2
    assert made.rows[1].file == "000002.jpg"


@pytest.mark.parametrize(
    ("decisions", "wanted", "rows"),
    [
        (("", "", "", "", "", ""), {"one": True}, [2, 6, 7]),
        (("", "keep", "", "", "", ""), {"one": True}, [3, 6, 7]),
        (("", "keep", "keep", "keep", "", ""), {"one": True}, [4, 5, 7]),
        (("drop", "", "", "", "drop", ""), {"one": True}, [4, 5, 7]),
        (("drop", "drop", "drop", "", "", "drop"), {"one": True}, [6]),
        (("keep", "keep", "drop", "", "", ""), {}, [2, 3, 5, 6, 7]),
        (("keep", "keep", "drop", "", "", ""), {"undecided": "all"}, [2, 3, 5, 6, 7]),
        (("keep", "keep", "drop", "", "", ""), {"undecided": "best"}, [2, 3, 6, 7]),
        (("keep", "", "drop", "", "", ""), {"undecided": "best"}, [2, 6, 7]),
        (("keep", "keep", "drop", "", "", ""), {"undecided": "all", "one": True}, [2, 5, 6, 7]),
        (("keep", "keep", "", "keep", "", ""), {"undecided": "best", "one": True}, [2, 5, 7]),
        (("keep", "keep", "drop", "drop", "", ""), {"undecided": "error"}, [2, 3, 6, 7]),
    ],
)
def test_decisions_go_before_the_suggestion_and_the_command_line_says_what_of_the_rest(decisions, wanted, rows) -> None:
    assert exported(*decisions, **wanted) == rows


def test_groups_that_wait_are_named_and_may_be_an_error() -> None:
    made = planned(PICTURES, groups=GROUPS, decisions=["keep", "", "", "drop", "", ""])
    assert made.waiting == ((2, 3, 4),)
    with pytest.raises(Undecided, match=r"1 groups .*rows 2, 3, 4\.") as told:
        exported("keep", "", "", "drop", "", "", undecided="error")
    assert "--undecided best" in told.value.hint


def test_a_suspected_placeholder_that_people_keep_is_exported() -> None:
    suspected = [picture(c, flags=("placeholder_suspected",)) for c in "ab"]
    made = planned(suspected, decisions=["keep", ""])
    assert [row.row for row in made.rows if row.file] == [2]


def test_what_is_dropped_changes_no_side_of_a_split() -> None:
    splits = parse("train=50,val=50", 3)
    before = planned(PICTURES, groups=GROUPS, splits=splits)
    after = planned(PICTURES, groups=GROUPS, splits=splits, decisions=["drop", "", "drop", "drop", "drop", ""])
    assert [row.split for row in after.rows] == [row.split for row in before.rows]
    assert [row.family for row in after.rows] == [row.family for row in before.rows]
