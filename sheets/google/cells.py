"""What cells hold, read from Google's JSON: opaque tokens, addresses, and what matters of cells beside the range.

A token is None for an empty cell and equal to another token when both cells hold the same. A formula that looks
at its own row has the same token on every row, since the service rewrites it when its row moves.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sheets.beside import EMPTY, SideCell
from sheets.formulas import on_row
from sheets.links import address_in

Json = Mapping[str, Any]

# What a read asks of every cell. A fill counts only where somebody set it: the effective format also holds the
# colours of conditional formats and banding, which stay with their place.
CELL_FIELDS = (
    "userEnteredValue,formattedValue,hyperlink,note,textFormatRuns(format(link)),"
    "chipRuns(chip(richLinkProperties(uri))),userEnteredFormat(backgroundColorStyle),"
    "pivotTable(source),dataSourceTable(dataSourceId)"
)


def value(cell: Json, row: int) -> Hashable:
    """Return the token of the value alone, as an answer to a batch also carries it; `row` is 1-based."""
    entered = cell.get("userEnteredValue") or {}
    if "formulaValue" in entered:
        return ("formula", on_row(str(entered["formulaValue"]), row, 1))
    for kind in ("numberValue", "boolValue", "stringValue", "errorValue"):
        if kind in entered and entered[kind] != "":
            return (kind, str(entered[kind]) if kind == "errorValue" else entered[kind])
    return None


def token(cell: Json, row: int) -> Hashable:
    """Return the token of a cell: its value, and the link behind it."""
    plain, behind = value(cell, row), link(cell)
    if plain is None and not behind and not _drawn(cell):
        return None
    return (plain, behind)


def without_rows(plain: Hashable) -> Hashable:
    """Return a value's token without the row numbers in formulas, for comparing across any move."""
    if isinstance(plain, tuple) and plain[0] == "formula":
        return ("formula", re.sub(r"[0-9]+", "#", str(plain[1])))
    return plain


def formula(cell: Json) -> str | None:
    """Return the formula of a cell, with its `=`."""
    entered = cell.get("userEnteredValue") or {}
    found = entered.get("formulaValue")
    return None if found is None else str(found)


def link(cell: Json) -> str:
    """Return the target of the rich link, of the first linked part of the text, or of the first chip."""
    if cell.get("hyperlink"):
        return str(cell["hyperlink"])
    for run in cell.get("textFormatRuns") or ():
        if uri := ((run.get("format") or {}).get("link") or {}).get("uri"):
            return str(uri)
    for run in cell.get("chipRuns") or ():
        if uri := ((run.get("chip") or {}).get("richLinkProperties") or {}).get("uri"):
            return str(uri)
    return ""


def url(cell: Json) -> str:
    """Return the address a cell names, "" for none."""
    entered = cell.get("userEnteredValue") or {}
    shown = str(entered.get("stringValue") or cell.get("formattedValue") or "")
    return address_in(shown, formula(cell), link(cell) or None)


def side_cell(cell: Json) -> SideCell:
    """Return what matters of a cell beside the range."""
    if not cell:
        return EMPTY
    return SideCell(
        value=_plain(cell),
        formula=formula(cell),
        note=bool(cell.get("note")),
        colour=colour(cell),
        picture=_drawn(cell),
    )


def colour(cell: Json) -> str | None:
    """Return the fill that somebody set on a cell, None for none or white."""
    style = (cell.get("userEnteredFormat") or {}).get("backgroundColorStyle") or {}
    if "themeColor" in style:
        return None if style["themeColor"] == "BACKGROUND" else str(style["themeColor"])
    rgb = style.get("rgbColor")
    if not rgb:
        return None if rgb is None else "black"  # zeros are left out, so black is an empty object
    channels = tuple(round(255 * float(rgb.get(name, 0))) for name in ("red", "green", "blue"))
    return None if channels == (255, 255, 255) else "#{:02x}{:02x}{:02x}".format(*channels)


def grid(data: Json) -> tuple[int, int, Sequence[Sequence[Json]]]:
    """Return the 0-based first row, first column, and the cells of one GridData; blanks at the ends are missing."""
    rows = [tuple(row.get("values") or ()) for row in data.get("rowData") or ()]
    return int(data.get("startRow", 0)), int(data.get("startColumn", 0)), rows


def _plain(cell: Json) -> str | float | bool | None:
    entered = cell.get("userEnteredValue") or {}
    for kind in ("stringValue", "numberValue", "boolValue"):
        if kind in entered:
            found: str | float | bool = entered[kind]
            return found
    if "errorValue" in entered or link(cell):
        return str(cell.get("formattedValue") or link(cell) or "error")
    return None


def _drawn(cell: Json) -> bool:
    """Whether something other than a value fills the cell: a pivot, a data source's table, an in-cell picture.

    The service has no field for a picture that was put into a cell by hand; a value of no kind is what is left.
    """
    return "pivotTable" in cell or "dataSourceTable" in cell or cell.get("userEnteredValue") == {}
