"""What Google says about a tab before anything moves, and the obstacles to a sort that follow from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sheets.a1 import Area, column_letters
from sheets.formulas import survives_move
from sheets.google import guard as google_guard
from sheets.google import tags as google_tags
from sheets.google.stamps import KEY, Stamp, parsed_stamp
from sheets.google.tags import Tags
from sheets.rows import Obstacle

Json = Mapping[str, Any]

FIELDS = (
    "properties(title),developerMetadata(metadataId,metadataKey,metadataValue),"
    "sheets(properties(sheetId,title,index,gridProperties(rowCount,columnCount,frozenRowCount)),merges,"
    "protectedRanges(range,warningOnly,requestingUserCanEdit,description),tables(tableId,name,range),"
    f"{google_tags.TAB_FIELDS},data(startRow,rowMetadata(hiddenByUser,hiddenByFilter,{google_tags.LINE_FIELDS}),"
    f"columnMetadata({google_tags.LINE_FIELDS})))"
)
CELL_LIMIT = 10_000_000
_NOTHING = "Nothing was written."
_FAR = 1 << 31


@dataclass(frozen=True, slots=True)
class Box:
    """Cells of a tab: 0-based, the ends excluded, as Google counts."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def name(self) -> str:
        """The cells as people write them, such as `B2:C9`."""
        bottom = "" if self.bottom >= _FAR else str(self.bottom)
        right = column_letters(self.right - 1) if self.right < _FAR else ""
        return f"{column_letters(self.left)}{self.top + 1}:{right}{bottom}"

    def on(self, sheet_id: int) -> dict[str, int]:
        """Return the cells as a GridRange of a tab; all ends must be known."""
        return {
            "sheetId": sheet_id,
            "startRowIndex": self.top,
            "endRowIndex": self.bottom,
            "startColumnIndex": self.left,
            "endColumnIndex": self.right,
        }

    def touches(self, other: "Box") -> bool:
        """Whether the two have a cell in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Protection:
    """A protected range that we may not edit."""

    box: Box
    name: str


@dataclass(frozen=True, slots=True)
class Preflight:
    """A tab without its cells: size, what lies over it, which rows are hidden, and the stamps of our runs.

    `hidden` maps 0-based rows to whether a filter hides them (False: a person, or a closed group of rows).
    `taken` are the ids of all metadata of the spreadsheet, whoever wrote them; `tags` is what we have put into the tab,
    `marks` the columns by the ids of the marks on them; see `guard`.
    """

    title: str
    sheet_id: int
    rows: int
    columns: int
    merges: tuple[Box, ...] = ()
    protections: tuple[Protection, ...] = ()
    tables: tuple[tuple[str, Box], ...] = ()
    hidden: Mapping[int, bool] = field(default_factory=dict)
    stamps: tuple[Stamp, ...] = ()
    taken: frozenset[int] = frozenset()
    tags: Tags = field(default_factory=Tags)
    marks: Mapping[int, int] = field(default_factory=dict)


def stamps(answer: Json) -> tuple[tuple[Stamp, ...], frozenset[int]]:
    """Return the stamps of our runs, and the ids of all metadata, in an answer that holds `developerMetadata`."""
    found = []
    taken = set()
    for entry in answer.get("developerMetadata") or ():
        number = int(entry.get("metadataId", 0))
        taken.add(number)
        if entry.get("metadataKey") == KEY and (stamp := parsed_stamp(number, str(entry.get("metadataValue", "")))):
            found.append(stamp)
    return tuple(sorted(found, key=lambda stamp: stamp.sequence)), frozenset(taken)


def box(grid_range: Json) -> Box:
    """Return the cells of a GridRange; a missing end is open, a missing start is 0."""
    return Box(
        int(grid_range.get("startRowIndex", 0)),
        int(grid_range.get("endRowIndex", _FAR)),
        int(grid_range.get("startColumnIndex", 0)),
        int(grid_range.get("endColumnIndex", _FAR)),
    )


def preflight(answer: Json) -> Preflight:
    """Read the answer to a request with `FIELDS` over one whole tab."""
    sheet: Json = (answer.get("sheets") or ({},))[0]
    properties = sheet.get("properties") or {}
    size = properties.get("gridProperties") or {}
    ours, taken = stamps(answer)
    return Preflight(
        title=str(properties.get("title", "")),
        sheet_id=int(properties.get("sheetId", 0)),
        rows=int(size.get("rowCount", 0)),
        columns=int(size.get("columnCount", 0)),
        merges=tuple(box(merge) for merge in sheet.get("merges") or ()),
        protections=tuple(
            Protection(box(entry.get("range") or {}), str(entry.get("description", "")))
            for entry in sheet.get("protectedRanges") or ()
            if not entry.get("warningOnly") and not entry.get("requestingUserCanEdit")
        ),
        tables=tuple((str(t.get("name", "")), box(t.get("range") or {})) for t in sheet.get("tables") or ()),
        hidden=hidden_rows(sheet.get("data") or ()),
        stamps=ours,
        taken=taken,
        tags=google_tags.tags(sheet),
        marks=google_guard.marks(sheet),
    )


def hidden_rows(data: Iterable[Json]) -> dict[int, bool]:
    """Return the hidden rows in GridData blocks: 0-based row -> whether a filter hides it."""
    found = {}
    for block in data:
        start = int(block.get("startRow", 0))
        for i, row in enumerate(block.get("rowMetadata") or ()):
            if row.get("hiddenByUser") or row.get("hiddenByFilter"):
                found[start + i] = bool(row.get("hiddenByFilter"))
    return found


def compact(rows: Collection[int]) -> str:
    """Name 0-based rows as the sheet numbers them, runs shortened, at most a dozen pieces.

    >>> compact([4, 5, 6, 7, 8, 11])
    '5-9, 12'
    """
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    pieces = [str(a + 1) if a == b else f"{a + 1}-{b + 1}" for a, b in runs]
    more = len(pieces) - 12
    return ", ".join(pieces[:12]) + (f" and {more} more places" if more > 0 else "")


def obstacles(
    tab: Preflight, moving: Box, cells_in_file: int, *, backup: bool = False, more_columns: int = 0
) -> list[Obstacle]:
    """Return what forbids sorting the cells `moving`, apart from what the cells themselves hold.

    `more_columns` are put in on the way, and after a `backup` of the tab was made.
    """
    return [
        *_hidden(tab, moving),
        *_merged(tab, moving),
        *_protected(tab, moving),
        *_tables(tab, moving),
        *full(tab, cells_in_file, backup=backup, more_columns=more_columns + 1),
    ]


def broken_formulas(formulas: Sequence[tuple[int, int, str]], moving: Box, title: str) -> list[Obstacle]:
    """Return the obstacle of formulas (0-based row, column, text) that would look at wrong rows after a move."""
    block = Area(moving.left, moving.right - 1, moving.top + 1, max(moving.bottom, moving.top + 1))
    broken = [(r, c, text) for r, c, text in formulas if not survives_move(text, r + 1, block, title)]
    if not broken:
        return []
    row, column, text = broken[0]
    others = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
    shown = text if len(text) <= 60 else text[:57] + "..."
    return [
        Obstacle(
            f"The formula {shown} in {column_letters(column)}{row + 1}{others} would look at wrong rows after a move.",
            "Nothing was written. Replace such formulas by their values (Paste special > Values only), or add --force.",
            yields_to_force=True,
        )
    ]


def _hidden(tab: Preflight, moving: Box) -> Iterable[Obstacle]:
    inside = {row: filtered for row, filtered in tab.hidden.items() if moving.top <= row < moving.bottom}
    for filtered, why, click in (
        (True, "a filter hides", "Choose Data > Remove filter"),
        (False, "are hidden:", "Select the rows around them, right-click and choose Unhide rows"),
    ):
        if rows := [row for row, by_filter in inside.items() if by_filter == filtered]:
            numbers = compact(rows)
            yield Obstacle(
                f"In the worksheet {tab.title!r} {why} rows {numbers}; Google would sort the other rows around them."
                if filtered
                else f"In the worksheet {tab.title!r} rows {why} {numbers}; Google would sort the others around them.",
                f"{click}, and run the same command again. {_NOTHING}",
            )


def _merged(tab: Preflight, moving: Box) -> Iterable[Obstacle]:
    touching = [merge for merge in tab.merges if merge.touches(moving)]
    if high := [merge.name for merge in touching if merge.bottom - merge.top > 1]:
        yield Obstacle(
            f"Cells are merged over several rows: {_some(high)}; such rows cannot be sorted.",
            f"Select them, choose Format > Merge cells > Unmerge, and run the same command again. {_NOTHING}",
        )
    crossing = [
        merge.name
        for merge in touching
        if merge.bottom - merge.top == 1 and (merge.left < moving.left or merge.right > moving.right)
    ]
    if crossing:
        yield Obstacle(
            f"Merged cells reach over the edge of the columns that move: {_some(crossing)}.",
            f"Unmerge them (Format > Merge cells > Unmerge), or widen the range with -r. {_NOTHING}",
        )


def _protected(tab: Preflight, moving: Box) -> Iterable[Obstacle]:
    # The helper column is put in at the right edge of the range, so a protection across that edge counts as well.
    seam = moving.right
    for protection in tab.protections:
        if protection.box.touches(moving) or protection.box.left < seam < protection.box.right:
            name = f" ({protection.name})" if protection.name else ""
            yield Obstacle(
                f"The cells {_bounded(protection.box, tab)} of the worksheet {tab.title!r} are protected{name},"
                " and this account may not edit them.",
                "Ask the owner: Data > Protect sheets and ranges, and add this account or remove the protection."
                f" {_NOTHING}",
            )
            return


def _tables(tab: Preflight, moving: Box) -> Iterable[Obstacle]:
    for name, place in tab.tables:
        if place.touches(moving):
            yield Obstacle(
                f"The range lies in the table {name!r} ({_bounded(place, tab)}); its typed columns refuse a sort from"
                " outside.",
                "Open the menu beside the table's name, choose Convert to unformatted data (convert to range), and run"
                f" the same command again. {_NOTHING}",
            )


def full(tab: Preflight, cells_in_file: int, *, backup: bool, more_columns: int = 0) -> Iterable[Obstacle]:
    """Yield the obstacle when a copy of the tab, and columns put in, would pass the limit of cells."""
    needed = tab.rows * (more_columns + (tab.columns if backup else 0))
    if cells_in_file + needed > CELL_LIMIT:
        columns = "a helper column" if more_columns == 1 else f"{more_columns} columns"
        purpose = " and ".join(
            part for part in ("a copy of the tab" if backup else "", columns if more_columns else "") if part
        )
        yield Obstacle(
            f"The spreadsheet has {cells_in_file:,} cells; {purpose} of {needed:,} more would pass Google's limit of"
            f" {CELL_LIMIT:,}.",
            f"Delete empty rows and columns, or old tabs. {_NOTHING}",
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _bounded(place: Box, tab: Preflight) -> str:
    return Box(place.top, min(place.bottom, tab.rows), place.left, min(place.right, tab.columns)).name
