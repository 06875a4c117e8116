"""The tags by which we find again what we have put into a tab, wherever people have moved it since.

A column of ours, and the row of the columns' names, each carry developer metadata, which Google moves with them. What
else is ours is named in metadata of the tab (`Kept`), and rules for colours by a mark in their formula: a rule has
neither an id nor metadata.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Json = Mapping[str, Any]
_LINE, _TAB = "image-dataset-curation.line", "image-dataset-curation.tab"
MARK = "image-dataset-curation"
NAMES_ROW, PREVIEW = "(names)", "(preview)"
_FAR = 1 << 31
_ENTRY = "developerMetadata(metadataId,metadataKey,metadataValue)"
TAB_FIELDS = f"{_ENTRY},conditionalFormats(ranges,booleanRule(condition)),filterViews(filterViewId)"
LINE_FIELDS = _ENTRY


@dataclass(frozen=True, slots=True)
class Kept:
    """What else of a tab is ours: the id of a filter view, and how many rows we have frozen."""

    view: int = 0
    frozen: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for colours: its formula ("" for another kind), and the columns it covers, as pairs of first and end.

    `bottom` is where the shortest of its ranges ends.
    """

    formula: str
    columns: tuple[tuple[int, int], ...]
    bottom: int

    @property
    def ours(self) -> bool:
        """Whether it bears our mark."""
        return MARK in self.formula


@dataclass(frozen=True, slots=True)
class Tags:
    """What is tagged in a tab, all 0-based: columns by their names, the row of names, and the ids of all our tags.

    `doubled` are names that more than one column bears; `rules` are the tab's rules for colours, in their order,
    whoever made them, `views` the ids of its filter views, `frozen` the number of its frozen rows.
    """

    columns: Mapping[str, int] = field(default_factory=dict)
    doubled: frozenset[str] = frozenset()
    names_row: int | None = None
    ids: Mapping[str, int] = field(default_factory=dict)
    kept: Kept = Kept()
    rules: tuple[Rule, ...] = ()
    views: frozenset[int] = frozenset()
    frozen: int = 0


def tags(sheet: Json) -> Tags:
    """Read a sheet with `TAB_FIELDS`, and `LINE_FIELDS` of its rows and columns."""
    columns: dict[str, int] = {}
    doubled, ids, rows = set(), {}, []
    for block in sheet.get("data") or ():
        for index, entry in _tagged(block, "columnMetadata", "startColumn"):
            name = str(entry.get("metadataValue", ""))
            if name in columns:
                doubled.add(name)
            columns[name] = index
            ids[name] = int(entry.get("metadataId", 0))
        for index, entry in _tagged(block, "rowMetadata", "startRow"):
            rows.append(index)
            ids[NAMES_ROW] = int(entry.get("metadataId", 0))
    kept = Kept()
    for entry in sheet.get("developerMetadata") or ():
        if entry.get("metadataKey") == _TAB:
            kept = _kept(str(entry.get("metadataValue", "")))
            ids[_TAB] = int(entry.get("metadataId", 0))
    grid = (sheet.get("properties") or {}).get("gridProperties") or {}
    return Tags(
        columns,
        frozenset(doubled),
        rows[0] if rows else None,
        ids,
        kept,
        tuple(_rule(one) for one in sheet.get("conditionalFormats") or ()),
        frozenset(int(one.get("filterViewId", 0)) for one in sheet.get("filterViews") or ()),
        int(grid.get("frozenRowCount", 0)),
    )


def line(sheet_id: int, dimension: str, index: int, name: str) -> dict[str, Any]:
    """Return the request that tags a column, or the row of names."""
    place = {"sheetId": sheet_id, "dimension": dimension, "startIndex": index, "endIndex": index + 1}
    return _creation(_LINE, name, {"dimensionRange": place})


def keeping(sheet_id: int, before: Tags, kept: Kept) -> list[dict[str, Any]]:
    """Return the requests that note what else of a tab is ours, in place of what was noted."""
    if before.kept == kept:
        return []
    old = [forgetting(before.ids[_TAB])] if _TAB in before.ids else []
    return [*old, _creation(_TAB, json.dumps(asdict(kept)), {"sheetId": sheet_id})]


def forgetting(identifier: int) -> dict[str, Any]:
    """Return the request that takes a tag away, by its id."""
    return {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": {"metadataId": identifier}}}}


def bears_our_mark(rule: Json) -> bool:
    """Say whether a rule for colours, as Google writes it, is ours."""
    return _rule(rule).ours


def _tagged(block: Json, name: str, start: str) -> list[tuple[int, Json]]:
    first = int(block.get(start, 0))
    return [
        (first + i, entry)
        for i, one in enumerate(block.get(name) or ())
        for entry in one.get("developerMetadata") or ()
        if entry.get("metadataKey") == _LINE
    ]


def _kept(text: str) -> Kept:
    """Read what was noted; people can edit it through other programs, so anything else counts as nothing."""
    try:
        saved = json.loads(text)
        return Kept(**{name: int(saved[name]) for name in ("view", "frozen")})
    except (ValueError, TypeError, KeyError):
        return Kept()


def _rule(rule: Json) -> Rule:
    condition = (rule.get("booleanRule") or {}).get("condition") or {}
    values: Sequence[Json] = condition.get("values") or ({},)
    ranges: Sequence[Json] = rule.get("ranges") or ()
    spans = [(int(one.get("startColumnIndex", 0)), int(one.get("endColumnIndex", _FAR))) for one in ranges]
    bottom = min((int(one.get("endRowIndex", _FAR)) for one in ranges), default=0)
    return Rule(str(values[0].get("userEnteredValue", "")), tuple(spans), bottom)


def _creation(key: str, value: str, location: dict[str, Any]) -> dict[str, Any]:
    entry = {"metadataKey": key, "metadataValue": value, "visibility": "DOCUMENT", "location": location}
    return {"createDeveloperMetadata": {"developerMetadata": entry}}
