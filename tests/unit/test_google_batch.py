"""The batch: what is sent, in which order, and that Google's own schema knows every word of it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import googleapiclient
import pytest

from sheets.google.batch import Backup, Plan, beside, body, quoted, rank_text, ranks_of, stamp_body
from sheets.google.guard import Guard, guarded
from sheets.google.preflight import Box
from sheets.google.stamps import Stamp, next_stamp, parsed_stamp, verdict

SCHEMAS = json.loads(
    (Path(googleapiclient.__file__).parent / "discovery_cache/documents/sheets.v4.json").read_text(encoding="utf-8")
)["schemas"]


GUARD = Guard(0, ((1, 1_500_000_001), (2, 1_500_000_002), (3, 1_500_000_003)))


def plan(**changes: Any) -> Plan:
    usual: dict[str, Any] = {
        "sheet_id": 0,
        "title": "Ann's tab",
        "columns": 5,
        "box": Box(1, 5, 1, 3),
        "ranks": (2, 0, 3, 1),
        "stamp": Stamp(4, 1_700_007_200, "run"),
        "known": (Stamp(1, 1_700_000_000, "a"), Stamp(2, 1_700_007_000, "b"), Stamp(3, 1_700_000_000, "c")),
        "watched": beside(Box(1, 5, 1, 3), 5),
    }
    return Plan(**{**usual, **changes})


def unknown_words(value: Any, schema: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Yield what Google's schema does not know in a body, or knows with another type."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"]]
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        for key, inner in value.items():
            if key not in schema["properties"]:
                yield f"{where}.{key}"
            else:
                yield from unknown_words(inner, schema["properties"][key], f"{where}.{key}")
    elif kind == "array":
        for i, inner in enumerate(value):
            yield from unknown_words(inner, schema["items"], f"{where}[{i}]")
    elif kind in ("integer", "boolean", "string"):
        wanted = {"integer": int, "boolean": bool, "string": str}[kind]
        if type(value) is not wanted or ("enum" in schema and value not in schema["enum"]):
            yield f"{where} = {value!r}"


@pytest.mark.parametrize(
    "sent",
    [
        body(plan()),
        body(plan(backup=Backup(7, "copy", 3))),
        body(plan(guard=GUARD, marks={1_400_000_000: 2})),
        GUARD.marking(5),
        stamp_body(Stamp(1, 2, "!run")),
    ],
)
def test_googles_schema_knows_every_word_and_type_of_a_batch(sent: dict[str, Any]) -> None:
    assert list(unknown_words(sent, {"$ref": "BatchUpdateSpreadsheetRequest"})) == []


def test_the_stamp_comes_first_and_the_cleaning_last() -> None:
    kinds = [next(iter(request)) for request in body(plan(backup=Backup(7, "copy", 3)))["requests"]]
    assert kinds == [
        "createDeveloperMetadata",
        "duplicateSheet",
        "insertDimension",
        "setDataValidation",
        "pasteData",
        "sortRange",
        "deleteDimension",
        "deleteDeveloperMetadata",
    ]


def test_only_stamps_older_than_an_hour_are_cleaned_up_and_never_the_newest() -> None:
    requests = body(plan())["requests"]
    cleaned = [
        r["deleteDeveloperMetadata"]["dataFilter"]["developerMetadataLookup"]["metadataId"]
        for r in requests
        if "deleteDeveloperMetadata" in r
    ]
    assert cleaned == [Stamp(1, 0, "a").id]


def test_every_zero_and_every_end_is_sent() -> None:
    """A GridRange with a missing end is open, so a range of a first tab from A1 on must spell out its zeros."""
    requests = body(plan(box=Box(0, 4, 0, 2), watched=()))["requests"]
    sort = next(r["sortRange"] for r in requests if "sortRange" in r)
    assert sort["range"] == {
        "sheetId": 0, "startRowIndex": 0, "endRowIndex": 4, "startColumnIndex": 0, "endColumnIndex": 3
    }  # fmt: skip
    assert sort["sortSpecs"] == [{"dimensionIndex": 2, "sortOrder": "ASCENDING"}]


def test_the_helper_column_stands_right_of_the_range_and_inherits_so_that_the_grids_edge_is_allowed() -> None:
    requests = body(plan(columns=3))["requests"]
    insert = next(r["insertDimension"] for r in requests if "insertDimension" in r)
    assert insert == {
        "range": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 3, "endIndex": 4},
        "inheritFromBefore": True,
    }


def test_nothing_that_stands_in_the_sheet_is_pasted() -> None:
    paste = next(r["pasteData"] for r in body(plan())["requests"] if "pasteData" in r)
    assert re.fullmatch(r"(zx[0-9]\n){3}zx[0-9]", paste["data"])


def test_a_helper_column_past_the_grid_is_never_sent() -> None:
    with pytest.raises(AssertionError):
        body(plan(columns=2))


def test_a_hundred_thousand_ranks_stay_under_two_megabytes_and_sort_as_they_count() -> None:
    text = rank_text(range(100_000))
    assert len(text) < 2_000_000
    assert text.split("\n") == sorted(text.split("\n"))


def test_the_answer_is_asked_for_the_range_and_the_columns_beside_it() -> None:
    assert body(plan())["responseRanges"] == ["'Ann''s tab'!B2:C5", "'Ann''s tab'!A2:A5", "'Ann''s tab'!D2:E5"]
    assert quoted("x") == "'x'"


def test_ranks_are_the_inverse_of_the_order() -> None:
    order = (3, 1, 0, 2)
    ranks = ranks_of(order)
    assert [order[rank] for rank in ranks] == [0, 1, 2, 3]


def test_a_stamp_reads_back_and_foreign_metadata_is_none() -> None:
    stamp = Stamp(12, 1_700_000_000, "0b9c@x")
    assert parsed_stamp(stamp.id, stamp.value) == stamp
    assert parsed_stamp(stamp.id + 1, stamp.value) is None
    assert parsed_stamp(5, "hello") is None


def test_the_next_stamp_avoids_every_id_that_is_taken() -> None:
    known = (Stamp(1, 0, "a"), Stamp(4, 0, "b"))
    assert next_stamp("c", known, {Stamp(5, 0, "").id}).sequence == 6


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ((), False),
        ((Stamp(1, 0, "run"),), True),
        ((Stamp(1, 0, "run"), Stamp(2, 0, "!run")), False),
        ((Stamp(1, 0, "!run"),), False),
        ((Stamp(1, 0, "!run"), Stamp(2, 0, "run")), True),
        ((Stamp(1, 0, "other"), Stamp(2, 0, "another")), False),
        ((Stamp(3, 0, "other"),), None),
    ],
)
def test_whether_a_run_landed_is_read_from_the_stamps(known: tuple[Stamp, ...], says: bool | None) -> None:
    assert verdict("run", known) is says


def test_a_guarded_batch_begins_with_the_stamp_and_the_marks_and_leaves_them_in_place() -> None:
    kinds = [next(iter(request)) for request in body(plan(guard=GUARD))["requests"]]
    assert kinds[:7] == ["createDeveloperMetadata", *["deleteDeveloperMetadata", "createDeveloperMetadata"] * 3]


def test_only_marks_of_others_are_forgotten() -> None:
    found = {1_500_000_001: 1, 1_400_000_000: 2}
    requests = body(plan(guard=GUARD, marks=found, known=()))["requests"]
    gone = requests[-1]["deleteDeveloperMetadata"]["dataFilter"]["developerMetadataLookup"]
    assert gone == {"metadataId": 1_400_000_000}


def test_columns_have_moved_together_or_not_at_all() -> None:
    ids = [number for _, number in GUARD.marks]
    assert GUARD.moved(dict(zip(ids, (2, 3, 9), strict=True)), 1, 3) == 1
    assert GUARD.moved(dict(zip(ids, (2, 1, 3), strict=True)), 1, 3) is None
    assert GUARD.moved({ids[0]: 1}, 1, 3) is None
    assert GUARD.fits(dict(zip(ids, (1, 2, 3), strict=True)))
    assert not GUARD.fits(dict(zip(ids, (1, 3, 2), strict=True)))
    assert GUARD.shifted(2, 6).marks == ((1, ids[0]), (8, ids[1]), (9, ids[2]))


def test_a_wide_range_has_marks_on_its_edges() -> None:
    assert guarded(0, 700, 800) == (0, 699, 700)
    assert len(guarded(0, 40, 40)) == 40
