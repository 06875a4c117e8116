"""What in a worksheet stands in the way of moving rows, each as a sentence that names it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sheets.a1 import Area
from sheets.beside import EMPTY, SideCell, parting
from sheets.formulas import survives_move
from sheets.rows import Obstacle, Scope
from sheets.xlsx import references
from sheets.xlsx.grid import Grid
from sheets.xlsx.markup import TRUE, Element, children, local, parse, whole_number
from sheets.xlsx.package import Package
from sheets.xlsx.ranges import LAST_COLUMN, Box, box, boxes, cell
from sheets.xlsx.workbook import Tab, fills

_UNTOUCHED = "Nothing was written."


@dataclass(frozen=True, slots=True)
class Sheet:
    """What obstacles are looked for in: a tab, the parts around it, and the cells that would move."""

    package: Package
    name: str
    tab: Tab
    grid: Grid
    block: Box
    area: Area
    scope: Scope


def obstacles(sheet: Sheet) -> Iterator[Obstacle]:
    """Yield everything that moving the rows of `sheet.block` would harm."""
    yield from protected(sheet)
    yield from _hidden_rows(sheet)
    yield from references.obstacles(sheet.grid, sheet.block, sheet.tab.title)
    yield from _arrays(sheet)
    notes = _notes(sheet)
    pictures = _floating_pictures(sheet)
    yield from _pinned(sheet, notes, "Notes or comments", "Delete them (Review > Delete), or copy them to a column.")
    yield from _pinned(
        sheet,
        pictures,
        "Pictures that float over the cells",
        "In Excel, right-click each > Place in Cell, or move them off the rows.",
    )
    yield from _tables(sheet)
    yield from _pivots(sheet)
    yield from _formulas(sheet)
    if sheet.scope is Scope.RANGE:
        found = parting(_beside(sheet, notes, pictures), sheet.area, _height(sheet.block), sheet.tab.title)
        if found is not None:
            yield found


def _height(block: Box) -> int:
    return block.last_row - block.first_row + 1


def protected(sheet: Sheet) -> Iterator[Obstacle]:
    """Yield what says that nothing in the sheet, or in the workbook, should be changed."""
    # Nothing in the file enforces it; but a person who protects a sheet has asked that its cells stay in place.
    lock = sheet.grid.root.find(f"{sheet.grid.space}sheetProtection")
    if lock is not None and lock.get("sheet") in TRUE:
        yield Obstacle(
            f'The worksheet "{sheet.tab.title}" is protected against changes.',
            f"{_UNTOUCHED} In Excel: Review > Unprotect Sheet, and save.",
        )
    if any(part.startswith("_xmlsignatures/") for part in sheet.package.parts()):
        yield Obstacle(
            f"{sheet.name} is digitally signed, and any change makes the signature invalid.",
            f"{_UNTOUCHED} In Excel: File > Info > View Signatures > Remove Signature, and save.",
        )


def _hidden_rows(sheet: Sheet) -> Iterator[Obstacle]:
    moving = [
        (number, sheet.grid.rows[number])
        for number in range(sheet.block.first_row, sheet.block.last_row + 1)
        if number in sheet.grid.rows
    ]
    hidden = [number for number, row in moving if row.get("hidden") in TRUE or row.get("ht") == "0"]
    if hidden:
        filtered = next(sheet.grid.root.iter(f"{sheet.grid.space}filterColumn"), None) is not None or any(
            next(table.iter("{*}filterColumn"), None) is not None for table in _parts(sheet, "table")
        )
        click = "Data > Clear (the filter)" if filtered else "select the rows around them, right-click > Unhide"
        yield Obstacle(
            f"{'A filter hides' if filtered else 'Hidden:'} {_rows(hidden)}; a sort would put other pictures there"
            " unseen.",
            f"{_UNTOUCHED} In Excel: {click}, and save.",
        )
    outlined = [number for number, row in moving if row.get("outlineLevel", "0") != "0"]
    if outlined and sheet.scope is Scope.WHOLE_ROWS:
        yield Obstacle(
            f"Grouped rows (an outline) would come apart: {_rows(outlined)}.",
            f"{_UNTOUCHED} In Excel: Data > Ungroup > Clear Outline, and save.",
        )


def _arrays(sheet: Sheet) -> Iterator[Obstacle]:
    tied = []
    for at, _, formula in sheet.grid.formula_cells():
        if formula.get("t") in ("array", "dataTable"):
            filled = box(formula.get("ref") or str(at))
            # A formula that fills its own cell alone, as newer Excel writes many, moves as others do.
            alone = filled == at and formula.get("t") == "array"
            if filled.touches(sheet.block) and not alone:
                tied.append(str(filled))
    if tied:
        yield Obstacle(
            f"Array formulas, spilled ranges or data tables fill cells that would move: {_few(tied)}.",
            f"{_UNTOUCHED} In Excel, copy them and paste them as values, or leave their column out of the range.",
        )


def _pinned(sheet: Sheet, places: Iterable[tuple[int, int]], what: str, hint: str) -> Iterator[Obstacle]:
    inside = sorted(place for place in places if sheet.block.holds(Box(*place, *place)))
    if inside:
        yield Obstacle(
            f"{what} are fixed to cells that would move: {_few([cell(row, column) for row, column in inside])}.",
            f"{_UNTOUCHED} {hint}",
        )


def _tables(sheet: Sheet) -> Iterator[Obstacle]:
    for table in _parts(sheet, "table"):
        whole = box(table.get("ref", ""))
        top = whole.first_row + whole_number(table.get("headerRowCount"), 1)
        bottom = whole.last_row - whole_number(table.get("totalsRowCount"))
        inside = top <= sheet.block.first_row and sheet.block.last_row <= bottom
        if whole.touches(sheet.block) and not inside:
            yield Obstacle(
                f'The table "{table.get("displayName", "")}" ({whole}) has its header, its totals or its end among the'
                f" rows {sheet.block.first_row} to {sheet.block.last_row} that would move.",
                f"{_UNTOUCHED} Name only rows of its body ({top} to {bottom}), or in Excel: Table Design > Convert to"
                " Range.",
            )


def _pivots(sheet: Sheet) -> Iterator[Obstacle]:
    for pivot in _parts(sheet, "pivotTable"):
        place = pivot.find("{*}location")
        if place is not None and box(place.get("ref", "")).touches(sheet.block):
            yield Obstacle(
                f'The pivot table "{pivot.get("name", "")}" ({place.get("ref")}) is in cells that would move.',
                f"{_UNTOUCHED} Move it to another tab, or leave its columns out of the range.",
            )


def _formulas(sheet: Sheet) -> Iterator[Obstacle]:
    block = sheet.block
    moving = Area(block.first_column, block.last_column, block.first_row, block.last_row)
    bad = [
        str(at)
        for at, one, formula in sheet.grid.formula_cells()
        if block.holds(at)
        and formula.get("t") != "dataTable"
        and not survives_move(sheet.grid.content(one).formula or "", at.first_row, moving, sheet.tab.title)
    ]
    if bad:
        yield Obstacle(
            f"Formulas in cells that would move look at other rows: {_few(bad)}.",
            f"{_UNTOUCHED} Paste them as values, leave their column out of the range, or add --force to move them as a"
            " copy would read.",
            yields_to_force=True,
        )


def painted(sheet: Sheet) -> frozenset[int]:
    """Return the columns in which somebody has coloured a cell of the moving rows."""
    colours = fills(sheet.package, sheet.name)
    return frozenset(
        column
        for row in range(sheet.block.first_row, sheet.block.last_row + 1)
        for column, one in sheet.grid.cells(row, 0, LAST_COLUMN)
        if _fill(one.get("s"), colours)
    )


def claimed_ranges(sheet: Sheet) -> list[Box]:
    """Return the ranges of the sheet's tables, pivot tables and data validation: what claims cells that are blank."""
    tables = [box(table.get("ref", "")) for table in _parts(sheet, "table")]
    pivots = (pivot.find("{*}location") for pivot in _parts(sheet, "pivotTable"))
    rules = [
        one for rule in references.rules(sheet.grid) if rule.called == "data validation" for one in boxes(rule.ranges)
    ]
    return [*tables, *rules, *(box(place.get("ref", "")) for place in pivots if place is not None)]


def _beside(
    sheet: Sheet, notes: Iterable[tuple[int, int]], pictures: Iterable[tuple[int, int]]
) -> dict[int, list[SideCell]]:
    """The cells of the used columns outside the block, on its rows."""
    block, grid = sheet.block, sheet.grid
    painted = fills(sheet.package, sheet.name)
    pinned = dict.fromkeys(notes, "note") | dict.fromkeys(pictures, "picture")
    for spark in references.sparklines(grid):
        if references.draws_another_row(spark, sheet.tab.title):
            pinned[spark.at.first_row, spark.at.first_column] = "picture"
    held: dict[int, dict[int, SideCell]] = {}
    for row in range(block.first_row, block.last_row + 1):
        for column, one in grid.cells(row, 0, LAST_COLUMN):
            if not block.first_column <= column <= block.last_column:
                held.setdefault(column, {})[row] = _side_cell(grid, one, painted, pinned.get((row, column)))
    for row, column in pinned:
        if block.first_row <= row <= block.last_row and row not in held.setdefault(column, {}):
            kind = pinned[row, column]
            held[column][row] = SideCell(note=kind == "note", picture=kind == "picture")
    blank = _blank_rows(sheet, painted)
    if len(set(blank)) > 1:  # rows painted from end to end
        held.setdefault(max([*held, block.last_column]) + 1, {})
    of_columns = _column_fills(grid, painted)
    return {
        column: [
            cells.get(block.first_row + i)
            or (SideCell(colour=colour) if (colour := blank[i] or of_columns.get(column)) else EMPTY)
            for i in range(_height(block))
        ]
        for column, cells in held.items()
    }


def _side_cell(grid: Grid, one: Element, painted: Sequence[str | None], pinned: str | None) -> SideCell:
    formula, text, _ = grid.content(one)
    # `vm` is a picture in the cell, or =IMAGE(...), which draws anew what its own row names.
    picture = (one.get("vm") is not None and formula is None) or pinned == "picture"
    value: str | float | bool | None = text or None
    if one.get("t", "n") == "n" and text:
        with suppress(ValueError):  # then it stays text
            value = float(text)
    elif one.get("t") == "b":
        value = text in TRUE
    return SideCell(
        value=None if picture else value,
        formula=None if formula is None else f"={formula}",
        note=pinned == "note",
        colour=_fill(one.get("s"), painted),
        picture=picture,
    )


def _blank_rows(sheet: Sheet, painted: Sequence[str | None]) -> list[str | None]:
    rows = (sheet.grid.rows.get(number) for number in range(sheet.block.first_row, sheet.block.last_row + 1))
    own = (row.get("s") if row is not None and row.get("customFormat") in TRUE else None for row in rows)
    return [None if style is None else _fill(style, painted) for style in own]


def _column_fills(grid: Grid, painted: Sequence[str | None]) -> dict[int, str | None]:
    return {
        column: _fill(group.get("style"), painted)
        for group in children(grid.root, f"{grid.space}cols")
        if _fill(group.get("style"), painted)
        for column in range(
            max(whole_number(group.get("min"), 1), 1) - 1, min(whole_number(group.get("max"), 1), LAST_COLUMN + 1)
        )
    }


def _fill(style: str | None, painted: Sequence[str | None]) -> str | None:
    index = whole_number(style)
    return painted[index] if index < len(painted) else None


def _parts(sheet: Sheet, kind: str) -> Iterator[Element]:
    for one in sheet.package.relationships(sheet.tab.part):
        if one.kind == kind and not one.external and one.target in sheet.package:
            yield parse(sheet.package.read(one.target), one.target)


def _notes(sheet: Sheet) -> set[tuple[int, int]]:
    places = set()
    for kind, tag in (("comments", "comment"), ("threadedComment", "threadedComment")):
        for part in _parts(sheet, kind):
            for note in part.iter(f"{{*}}{tag}"):
                at = box(note.get("ref", ""))
                places.add((at.first_row, at.first_column))
    return places


def _floating_pictures(sheet: Sheet) -> set[tuple[int, int]]:
    places = set()
    for drawing in _parts(sheet, "drawing"):
        for anchor in drawing.iterchildren("{*}twoCellAnchor", "{*}oneCellAnchor"):
            if any(local(child) == "pic" for child in anchor.iter()):
                row, column = anchor.findtext("{*}from/{*}row"), anchor.findtext("{*}from/{*}col")
                places.add((whole_number(row) + 1, whole_number(column)))
    return places


def _rows(numbers: Sequence[int]) -> str:
    """Name rows shortly: `rows 3-5, 9`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    named = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return f"row {named[0]}" if len(numbers) == 1 else f"rows {_few(named)}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
