"""Groups come from the last sort where its rows still match, else they are computed, and it is said which."""

from collections.abc import Sequence
from dataclasses import replace

from export.grouping import grouping_of, matched
from export.memory import Memory
from export.remarks import changes
from hashing.arrangement import Arrangement, Counts, Group
from images import FetchFailure, Picture
from report.result import Result, ResultRow
from tests.unit.export_rows import failure, picture

MADE = Arrangement((0, 1, 2), (Group((0, 1), 1, ()),), (1, 1, None), (1, 1, None), (1, 1, None), Counts(1, 1, 0))


def last(*rows: tuple[str, int, str | None, int | None], **parameters: object) -> Result:
    """Return a sort's result; each row is its URL, its new row, the content it saw, and its group."""
    made = [
        ResultRow(
            row=i, new_row=new, url=url, final_url=url, status="ok", reason=None, flags=(),
            sha256=picture(url, content).sha256 if content else None, bytes=1, format="JPEG", width=1, height=1,
            ahash="", phash="", dhash="", group=group, family=group, block=group,
            representative=None if group is None else new == 2,
        )
        for i, (url, new, content, group) in enumerate(rows, start=2)
    ]  # fmt: skip
    return Result("s", "w", "B2:B", {"diff": 16, **parameters}, tuple(made), ())


def found(result: Result | None, urls: list[str], readings: Sequence[Picture | FetchFailure], **asked: object):
    return grouping_of(result, asked, urls, {reading.url: reading for reading in readings}, lambda: MADE)


SORTED = last(("b", 3, "b", 1), ("c", 4, "c", None), ("a", 2, "a", 1))
PICTURES = [picture("a"), picture("b"), picture("c")]


def test_the_last_sort_counts_in_the_order_it_wrote_and_in_any_other() -> None:
    for urls in (["a", "b", "c"], ["c", "a", "b"]):
        made = found(SORTED, urls, PICTURES)
        assert made.group == tuple({"a": 1, "b": 1, "c": None}[url] for url in urls)
        assert made.representative == tuple({"a": True, "b": False, "c": None}[url] for url in urls)
        assert made.source == "from the last sort of these rows"


def test_an_address_that_is_there_twice_is_matched_by_occurrence() -> None:
    result = last(("a", 4, "a", 2), ("x", 2, "x", None), ("a", 3, "a", 1))
    rows = matched(result, ["a", "x", "a"])
    assert rows and [row.new_row for row in rows] == [3, 2, 4]


def test_other_rows_are_computed_anew() -> None:
    for urls in (["a", "b", "d"], ["a", "b", "b"], ["a", "b"]):
        made = found(SORTED, urls, [*PICTURES, picture("d")])
        assert made.source == "computed now: the rows are not those of the last sort"
    assert found(None, ["a", "b", "c"], PICTURES).source == "computed now: no sort of this range is known"


def test_a_picture_that_changed_is_compared_anew_and_known_by_its_address() -> None:
    readings = [picture("a", "another"), *PICTURES[1:]]
    assert found(SORTED, ["a", "b", "c"], readings).source == "computed now: pictures changed since the last sort"
    said = changes(SORTED, {"b": "other"}, Memory(), {reading.url: reading for reading in readings})
    assert {url: remark.flag for url, remark in said.items()} == {"a": "changed"}, "the last sort decides where it saw"


def test_without_a_sort_a_change_is_known_from_the_store_and_then_from_the_last_export() -> None:
    readings = {one: picture(one) for one in "abcd"}
    memory = Memory(
        {"1.jpg": "x", "2.jpg": readings["c"].sha256, "3.jpg": readings["d"].sha256, "4.jpg": "y"},
        sources={"1.jpg": "a", "2.jpg": "c", "3.jpg": "d", "4.jpg": ""},
        before={"3.jpg": ("old", "older")},
    )
    said = changes(None, {"a": readings["a"].sha256, "b": "0" * 64}, memory, readings)
    assert {url: remark.reason for url, remark in said.items()} == {
        "b": "Another picture was here when it was last read (sha256 000000000000...).",
        "d": "The last export had another picture here (sha256 old...).",
    }


def test_a_picture_that_was_unreadable_then_is_compared_now() -> None:
    result = replace(SORTED, rows=(*SORTED.rows[:2], replace(SORTED.rows[2], sha256=None, status="timed_out")))
    assert found(result, ["a", "b", "c"], PICTURES).source == "computed now: pictures changed since the last sort"


def test_a_picture_that_is_unreadable_now_leaves_the_groups_as_they_are() -> None:
    assert found(SORTED, ["a", "b", "c"], [failure("a"), *PICTURES[1:]]).source == "from the last sort of these rows"


def test_other_options_ask_for_other_groups() -> None:
    assert found(SORTED, ["a", "b", "c"], PICTURES, diff=20).source == (
        "computed now: the last sort was made with other options"
    )
    assert found(SORTED, ["a", "b", "c"], PICTURES, diff=16).source == "from the last sort of these rows"
