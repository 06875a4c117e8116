"""Hypothesis strategies that read the discovery document: bodies that almost fit, and some that do not."""

import functools
from typing import Any

from hypothesis import strategies as st

from tests.google.schema import Discovery

Json = Any
MAX_DEPTH = 5

# What a field's type makes likely, and what breaks programs: edges of every range, and text from everywhere.
_INTEGERS = st.one_of(
    st.integers(-2, 12), st.sampled_from([-(2**31), 2**31 - 1, 2**31, 10**7, 999, 1000, 25, 26, 0, 1, 2**63, 10**30])
)
_NEARLY_ALWAYS = (
    *("range", "fields", "properties", "sheetId", "cell", "rows", "dimension", "startIndex", "endIndex", "source"),
    *("destination", "find", "namedRange", "protectedRange", "filter", "rule", "dimensions", "sortSpecs", "visibility"),
    *("developerMetadata", "metadataKey", "location", "dataFilter", "dataFilters", "developerMetadataLookup", "name"),
    *("namedRangeId", "protectedRangeId", "filterViewId", "filterId", "coordinate", "data", "sourceSheetId", "ranges"),
)
_TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "A1",
            "Sheet1",
            "Sheet1!A1:B2",
            "B2:C",
            "A:A",
            "'",
            "=A1",
            "=1/0",
            "=SUM(A1:A9)",
            "*",
            "a(b",
            "1",
            "true",
            "userEnteredValue",
            "title",
            "note,userEnteredFormat(textFormat)",
            "=" + "(" * 300,
            "zx000001\nzx000002",
            "2020-01-01",
            "12:30",
            "$1,234.50",
            "50%",
            "9" * 400,
            "A99999999",
            "ZZZ1",
            "gridProperties.rowCount",
        ]
    ),
    st.text(max_size=12),
)
_NUMBERS = st.one_of(_INTEGERS, st.floats(allow_nan=False, allow_infinity=False))
# Fields that decide whether a request is looked at any further.
_INDEX = st.one_of(st.integers(0, 6), st.integers(0, 6), _INTEGERS)
_LIKELY: dict[str, st.SearchStrategy[Json]] = {
    "sheetId": st.sampled_from([0, 0, 0, 0, 0, 7, 1, -1]),
    "sourceSheetId": st.sampled_from([0, 0, 0, 1]),
    "dimension": st.sampled_from(["ROWS", "COLUMNS", "ROWS", "COLUMNS", "DIMENSION_UNSPECIFIED"]),
    "fields": st.sampled_from(
        [
            "*",
            "*",
            "title",
            "hidden",
            "index",
            "gridProperties",
            "gridProperties/rowCount",
            "gridProperties.frozenRowCount",
            "userEnteredValue",
            "note",
            "userEnteredFormat",
            "userEnteredFormat(textFormat/bold,backgroundColor)",
            "range",
            "hiddenByUser",
            "pixelSize",
            "locale",
            "name",
            "dataValidation",
            "metadataValue",
            "a(",
            "",
            "tabColorStyle",
        ]
    ),
    "startIndex": _INDEX,
    "endIndex": _INDEX,
    "rowIndex": _INDEX,
    "columnIndex": _INDEX,
    "startRowIndex": _INDEX,
    "endRowIndex": _INDEX,
    "startColumnIndex": _INDEX,
    "endColumnIndex": _INDEX,
    "index": _INDEX,
    "dimensionIndex": _INDEX,
    "find": st.sampled_from(["a", "1", "", "(", "h.*", "="]),
    "namedRangeId": st.sampled_from(["named", "named", "x"]),
    "protectedRangeId": st.sampled_from([11, 11, 12]),
    "filterViewId": st.sampled_from([21, 21, 22]),
    "filterId": st.sampled_from([21, 21, 22]),
    "metadataId": st.sampled_from([31, 31, 32]),
    "visibility": st.sampled_from(["DOCUMENT", "DOCUMENT", "PROJECT"]),
}
_ANYTHING: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)


def body(discovery: Discovery, schema: str) -> st.SearchStrategy[Json]:
    """Return bodies of a schema: mostly right in form, absurd in content, one value in ten of the wrong kind."""
    return _message(discovery, schema, 0)


def request(discovery: Discovery, kind: str) -> st.SearchStrategy[Json]:
    """Return batchUpdate requests of one kind."""
    schema = discovery.document["schemas"]["Request"]["properties"][kind]["$ref"]
    return _message(discovery, schema, 0).map(lambda given: {kind: given})


@functools.cache
def _message(discovery: Discovery, schema: str, depth: int) -> st.SearchStrategy[Json]:
    properties = discovery.document["schemas"][schema].get("properties", {})
    if depth >= MAX_DEPTH or not properties:
        return st.just({})
    fields = {name: _value(discovery, name, part, depth + 1) for name, part in properties.items()}

    @st.composite
    def build(draw: st.DrawFn) -> Json:
        # What nearly every request needs comes more often than chance would bring it.
        likely = [name for name in _NEARLY_ALWAYS if name in fields]
        chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True))
        chosen += [name for name in likely if name not in chosen and draw(st.integers(0, 9)) != 4]
        made = {name: draw(fields[name]) for name in chosen}
        if draw(st.integers(0, 200)) == 137:  # not a number at an edge, which hypothesis likes too well
            made[draw(_TEXTS)] = draw(_ANYTHING)
        return made

    return build()


def _value(discovery: Discovery, name: str, schema: Json, depth: int) -> st.SearchStrategy[Json]:
    right = _LIKELY[name] if name in _LIKELY else _fitting(discovery, schema, depth)
    return st.integers(0, 60).flatmap(lambda chance: _ANYTHING if chance == 41 else right)


def _fitting(discovery: Discovery, schema: Json, depth: int) -> st.SearchStrategy[Json]:
    if "$ref" in schema:
        return st.deferred(lambda: _message(discovery, schema["$ref"], depth))
    kind = schema.get("type")
    if kind == "array":
        return st.lists(st.deferred(lambda: _fitting(discovery, schema["items"], depth)), max_size=3)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    simple = {"integer": _INTEGERS, "number": _NUMBERS, "boolean": st.booleans(), "string": _TEXTS}
    return simple.get(str(kind), _ANYTHING)
