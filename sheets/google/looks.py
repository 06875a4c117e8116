"""What is drawn around the review columns: group colours, marked keepers, a view of the groups, a frozen header.

Everything is found again by our tags, replaced where it is no longer as it should be, and taken away with the columns.
A rule for colours can only be deleted by its place in the list, which another may have changed in that moment: what
was deleted is in Google's answer, and `given_back` returns the requests that put back a rule which was not ours.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sheets.a1 import column_letters
from sheets.columns import Columns, Looks
from sheets.google import tags as google_tags
from sheets.google.preflight import Box, Preflight
from sheets.google.tags import MARK, Kept

Json = dict[str, Any]
# Pale, so that black text is read easily; blue and yellow differ for nearly all colour-blind people.
_ODD, _EVEN = (
    {"red": 0.87, "green": 0.92, "blue": 0.98},
    {"red": 1.0, "green": 0.96, "blue": 0.85},
)
# A header further down than this would fill the window with frozen rows.
_FROZEN_AT_MOST = 5
_PIXELS_A_CHARACTER = 7


def wanted_rules(columns: Columns) -> list[tuple[str, Json]]:
    """Return the formulas and formats of the rules, of which the first that fits a row is the one that Google applies.

    Formulas are for the first row below the names, and name their columns absolutely, so one suits all ranges.
    """
    looks, row = columns.looks, columns.place.header_row + 1
    if looks is None:
        return []
    group = f"${column_letters(columns.column(looks.group))}{row}"
    status = f"${column_letters(columns.column(looks.keeper[0]))}{row}"
    kept = f'ISNUMBER(SEARCH("{looks.keeper[1]}",{status}))'
    found = []
    for keeper in (f",{kept}", ""):
        for test, colour in (("ISODD", _ODD), ("ISEVEN", _EVEN)):
            # N() of a text is 0: the mark changes nothing. Numbers stand in the cells as text.
            formula = f'=AND(N("{MARK}")=0,LEN({group})>0,{test}(VALUE({group})){keeper})'
            bold = {"textFormat": {"bold": True}} if keeper else {}
            found.append((formula, {"backgroundColorStyle": {"rgbColor": colour}, **bold}))
    return found


def drawing(tab: Preflight, columns: Columns, painted: Collection[int], view: int) -> list[Json]:
    """Return the requests that draw the looks of columns which stand in the tab, as far as they are not there.

    `tab` is the tab before the batch with its `columns` counted in. Columns that people have `painted` keep their
    colours. `view` is a free id for a filter view.
    """
    if columns.looks is None:
        return []
    before = tab.tags
    has_view = before.kept.view in before.views
    freezes = not before.frozen and columns.place.header_row <= min(_FROZEN_AT_MOST, tab.rows - 1)
    kept = Kept(
        view=before.kept.view if has_view else view,
        frozen=columns.place.header_row if freezes else before.kept.frozen,
    )
    return [
        *_rules(tab, columns, painted),
        *([] if has_view else [_view(tab, columns, columns.looks, view)]),
        *([_freezing(tab.sheet_id, columns.place.header_row)] if freezes else []),
        *google_tags.keeping(tab.sheet_id, before, kept),
    ]


def clearing(tab: Preflight) -> list[Json]:
    """Return the requests that take the looks and all tags away, and leave what others have made of the tab since."""
    before = tab.tags
    thaws = before.kept.frozen and before.kept.frozen == before.frozen
    return [
        *deletions(tab),
        *([{"deleteFilterView": {"filterId": before.kept.view}}] if before.kept.view in before.views else []),
        *([_freezing(tab.sheet_id, 0)] if thaws else []),
        *(google_tags.forgetting(identifier) for identifier in before.ids.values()),
    ]


def deletions(tab: Preflight) -> list[Json]:
    """Return the requests that delete our rules for colours, the last one first, so that no place changes before."""
    places = [i for i, rule in enumerate(tab.tags.rules) if rule.ours]
    return [{"deleteConditionalFormatRule": {"sheetId": tab.sheet_id, "index": i}} for i in reversed(places)]


def widths(sheet_id: int, columns: Columns) -> list[Json]:
    """Return the requests that give new columns room for their texts."""
    given = () if columns.looks is None else columns.looks.widths
    return [
        {
            "updateDimensionProperties": {
                "range": {
                    "sheetId": sheet_id,
                    "dimension": "COLUMNS",
                    "startIndex": columns.place.column + i,
                    "endIndex": columns.place.column + i + 1,
                },
                "properties": {"pixelSize": _PIXELS_A_CHARACTER * width + 10},
                "fields": "pixelSize",
            }
        }
        for i, width in enumerate(given)
    ]


def given_back(requests: Sequence[Mapping[str, Any]], replies: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return the requests that put back rules for colours which a batch deleted although they were others' by then."""
    found = []
    for request, reply in zip(requests, replies, strict=False):
        if "deleteConditionalFormatRule" in request:
            rule = (reply.get("deleteConditionalFormatRule") or {}).get("rule")
            if rule and not google_tags.bears_our_mark(rule):
                found.append({"addConditionalFormatRule": {"rule": rule, "index": 0}})
    return found


def _rules(tab: Preflight, columns: Columns, painted: Collection[int]) -> list[Json]:
    spans = _spans(columns, painted)
    wanted = wanted_rules(columns)
    ours = [rule for rule in tab.tags.rules if rule.ours]
    right = [(rule.formula, rule.columns) for rule in ours] == [(formula, tuple(spans)) for formula, _ in wanted]
    if right and all(rule.bottom >= tab.rows for rule in ours):
        return []
    others = len(tab.tags.rules) - len(ours)  # people's own rules come before ours and win
    ranges = [Box(columns.place.header_row, tab.rows, start, end).on(tab.sheet_id) for start, end in spans]
    return [
        *deletions(tab),
        *(
            {
                "addConditionalFormatRule": {
                    "rule": {
                        "ranges": ranges,
                        "booleanRule": {
                            "condition": {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": formula}]},
                            "format": form,
                        },
                    },
                    "index": others + i,
                }
            }
            for i, (formula, form) in enumerate(wanted)
        ),
    ]


def _spans(columns: Columns, painted: Collection[int]) -> list[tuple[int, int]]:
    """Return the runs of columns to colour: from A to the last of ours, without those that people have painted."""
    end = columns.place.column + len(columns.names)
    spans: list[tuple[int, int]] = []
    for column in range(end):
        if column < columns.place.column and column in painted:
            continue
        if spans and spans[-1][1] == column:
            spans[-1] = (spans[-1][0], column + 1)
        else:
            spans.append((column, column + 1))
    return spans


def _view(tab: Preflight, columns: Columns, looks: Looks, view: int) -> Json:
    place = Box(columns.place.header_row - 1, tab.rows, 0, tab.columns).on(tab.sheet_id)
    shown = {"columnIndex": columns.column(looks.group), "filterCriteria": {"condition": {"type": "NOT_BLANK"}}}
    named = {"filterViewId": view, "title": looks.view, "range": place, "filterSpecs": [shown]}
    return {"addFilterView": {"filter": named}}


def _freezing(sheet_id: int, rows: int) -> Json:
    properties = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": rows}}
    return {"updateSheetProperties": {"properties": properties, "fields": "gridProperties.frozenRowCount"}}
