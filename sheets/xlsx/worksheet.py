"""A tab of an .xlsx workbook as a worksheet."""

from collections.abc import Hashable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from errors import SheetChanged, Unsortable
from sheets.a1 import Area
from sheets.columns import Columns, Place, find_columns, grown, previews_refused, refuse_moved
from sheets.filling import Filling, refuse_changed
from sheets.replacing import obstacle_to_replacing, read_file, refuse_if_open_elsewhere, replace_file
from sheets.rows import Obstacle, Rows, Scope, stop_at
from sheets.worksheet import Committing, Identity, Keeping, Move
from sheets.xlsx import columns, looks
from sheets.xlsx.grid import Grid
from sheets.xlsx.markup import serialise
from sheets.xlsx.moving import move_rows
from sheets.xlsx.obstacles import Sheet, claimed_ranges, obstacles, painted, protected
from sheets.xlsx.package import Package
from sheets.xlsx.ranges import LAST_COLUMN, LAST_ROW, Box
from sheets.xlsx.workbook import Tab, calculation_order, choose_tab, has_formulas, recalculating, tabs


class XlsxWorksheet:
    """One tab of a workbook; the file is read anew by every call and replaced whole by `reorder`."""

    def __init__(self, path: Path, title: str, *, backup: bool) -> None:
        self._path = path
        self._title = title
        self._backup = backup

    @classmethod
    def open(cls, path: Path, worksheet: str | None, *, backup: bool = True) -> "XlsxWorksheet":
        """Find a tab by its title, the only visible one for None.

        Raises `NotFound`, `AccessRefused`, or `UsageError` for a file that is no .xlsx workbook.
        """
        package = Package(read_file(path), path.name)
        return cls(path, choose_tab(tabs(package, path.name), worksheet, path.name).title, backup=backup)

    @staticmethod
    def visible_titles(path: Path) -> tuple[str, ...]:
        """Return the titles of the tabs with cells that are not hidden; errors as in `open`."""
        return tuple(tab.title for tab in tabs(Package(read_file(path), path.name), path.name) if not tab.hidden)

    @property
    def identity(self) -> Identity:
        """The file and the tab's title."""
        return Identity("xlsx", str(self._path.absolute()), self._title, self._path.name, self._title)

    def read(self, area: Area, scope: Scope, *, at_least: int = 0) -> Rows:
        """Return the rows of `area`; see `worksheet.Worksheet.read`. An open workbook is an obstacle."""
        opened = self._opened(read_file(self._path))
        blocked = obstacle_to_replacing(self._path)  # reading is fine meanwhile; only a sort must wait
        found = () if blocked is None else (blocked,)
        rows = opened.rows(area, at_least)
        return Rows(rows.first_row, rows.cells, rows.urls, (*found, *opened.obstacles(area, scope, len(rows))))

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        """Return the stored values of an area as text; see `worksheet.Worksheet.texts`."""
        package, tab = self._found(read_file(self._path))
        grid = Grid.of(package, tab, self._path.name, area.last_row)
        return _Opened(package, self._path.name, tab, grid).texts(area)

    def reorder(self, move: Move, *, committing: Committing = nullcontext) -> str:
        """Write the rows in their new order; see `worksheet.Worksheet.reorder`."""
        refuse_if_open_elsewhere(self._path)
        before = read_file(self._path)
        opened = self._opened(before)
        rows = opened.rows(move.area, len(move.rows))
        if rows.urls != move.rows.urls or rows.first_row != move.rows.first_row:
            raise self._changed()
        stop_at(opened.obstacles(move.area, move.scope, len(rows)), force=move.force)
        changes: dict[str, bytes] = {}
        if move.columns is not None:
            found = find_columns(opened.texts, move.area, move.columns.names)
            refuse_moved(opened.texts, found, move.area, move.scope, move.columns)
            changes = opened.with_columns(move.columns, move.area, len(rows))
            move = _moving_columns(move, move.columns, opened)
        line = f"{Area(move.area.first_column, move.area.last_column, rows.first_row, rows.first_row + len(rows) - 1)}"
        expected = _everything(opened.grid, opened.block(move.area, move.scope, len(rows)), move)
        data = opened.reordered(move, changes)
        del opened  # its tree is as large as the one that is checked next
        self._verify(expected, data, move)

        what = f"Rows of {line}" if move.scope is Scope.WHOLE_ROWS else line
        return f"{what} of {self._replaced(data, before, committing)}"

    def standing(self, area: Area, names: tuple[str, ...]) -> Place | None:
        """Return where the columns stand, by their names; see `worksheet.Worksheet.standing`."""
        return find_columns(self.texts, area, names)

    def check_preview(self, area: Area, column: int) -> None:  # noqa: ARG002 - no column of a workbook is filled
        """Refuse; see `worksheet.Worksheet.check_preview`."""
        raise previews_refused(self._path.name, "only Excel 365 knows =IMAGE(), others would show errors")

    def remove(
        self, names: tuple[str, ...], place: Place, keep: Keeping, *, committing: Committing = nullcontext
    ) -> str:
        """Write the file without the columns; see `worksheet.Worksheet.remove`."""
        refuse_if_open_elsewhere(self._path)
        before = read_file(self._path)
        opened = self._opened(before)
        below = Area(0, 0, place.header_row + 1)
        if find_columns(opened.texts, below, names) != place:
            raise self._changed()
        stop_at(protected(opened.sheet(below, Scope.RANGE, 1)), force=False)
        ours = Box(place.header_row, place.column, LAST_ROW, place.column + len(names) - 1)
        expected = {at: held for at, held in _everything(opened.grid).items() if not ours.holds(Box(*at, *at))}
        keep(columns.shown(opened.grid, ours.last_column, place.header_row + 1))
        data = opened.without_columns(place, len(names))
        del opened
        after = {at: held for at, held in _everything(self._opened(data).grid).items() if not ours.holds(Box(*at, *at))}
        if after != expected:
            raise self._not_pure()
        return self._replaced(data, before, committing, f" without {', '.join(names)}")

    def fill(self, filling: Filling, *, committing: Committing = nullcontext) -> str:
        """Write the texts into their column; see `worksheet.Worksheet.fill`."""
        refuse_if_open_elsewhere(self._path)
        before = read_file(self._path)
        opened = self._opened(before)
        urls = opened.rows(filling.area, len(filling.rows)).urls
        held = [text for (text,) in opened.texts(filling.cells)]
        place = find_columns(opened.texts, filling.area, filling.names)
        refuse_changed(filling, urls, place, held, self._path.name)
        stop_at(protected(opened.sheet(filling.area, Scope.RANGE_ONLY, len(filling.rows))), force=False)
        columns.fill_column(opened.grid, filling)
        data = opened.rewritten({})
        return f"{filling.names[-1]} of {self._replaced(data, before, committing)}"

    def landed(self, run: str) -> bool | None:  # noqa: ARG002 - a file carries no stamp of the run
        """Return None: the order of the rows themselves tells."""
        return None

    def _replaced(self, data: bytes, before: bytes, committing: Committing, changed: str = "") -> str:
        """Put the workbook in the place of the file; return the tab's name, what `changed`, and where the backup is."""
        kept = replace_file(self._path, data, read=before, backup=self._backup, committing=committing)
        return f'"{self._title}" in {self._path.name}{changed}' + (f" (backup: {kept.name})" if kept else "")

    def _found(self, data: bytes) -> tuple[Package, Tab]:
        package = Package(data, self._path.name)
        return package, choose_tab(tabs(package, self._path.name), self._title, self._path.name)

    def _opened(self, data: bytes) -> "_Opened":
        package, tab = self._found(data)
        return _Opened(package, self._path.name, tab, Grid.of(package, tab, self._path.name))

    def _verify(self, expected: dict[tuple[int, int], Hashable], data: bytes, move: Move) -> None:
        """Check that every cell that moved is where the order puts it, and every other cell where it was."""
        after = self._opened(data)
        found = _everything(after.grid)
        rows = move.rows
        urls = {rows.first_row + place: rows.urls[source] for place, source in enumerate(move.order)}
        first = move.area.first_column
        named = dict.fromkeys(urls, "")
        for number in urls:
            for _, one in after.grid.cells(number, first, first):
                content = after.grid.content(one)
                named[number] = "" if content.is_blank else after.grid.url(one, content)
        if found != expected or named != urls:
            raise self._not_pure()

    def _not_pure(self) -> Unsortable:
        return Unsortable(
            f'The rows of "{self._title}" in {self._path.name} did not come out as a pure reordering.',
            "Nothing was written. Please report this with the workbook.",
        )

    def _changed(self) -> SheetChanged:
        return SheetChanged(f"{self._path.name} was changed by another program.", "Nothing was written. Run again.")


@dataclass(frozen=True, slots=True)
class _Opened:
    """A tab with the parts around it, as it was at one moment."""

    package: Package
    name: str
    tab: Tab
    grid: Grid

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        """Return the stored values of an area as text; see `worksheet.Worksheet.texts`."""
        return tuple(
            self.grid.texts(number, area.first_column, area.last_column)
            for number in range(area.first_row, area.first_row + area.height)
        )

    def rows(self, area: Area, at_least: int = 0) -> Rows:
        """Return the rows of an area, the first `at_least` also where they are blank, without obstacles."""
        grid = self.grid
        numbers = [
            number
            for number in grid.rows
            if number >= area.first_row and (area.last_row is None or number <= area.last_row)
        ]
        held: dict[int, tuple[list[Hashable], str]] = {}
        for number in numbers:
            cells: list[Hashable] = [None] * area.width
            url = ""
            for column, one in grid.cells(number, area.first_column, area.last_column):
                content = grid.content(one)
                if not content.is_blank:
                    cells[column - area.first_column] = grid.token(one, content)
                    url = grid.url(one, content) if column == area.first_column else url
            if any(token is not None for token in cells):
                held[number] = (cells, url)
        wanted = min(area.first_row + at_least - 1, area.last_row or LAST_ROW)
        last = max(wanted, max(held, default=area.first_row - 1))
        blank: tuple[list[Hashable], str] = ([None] * area.width, "")
        filled = [held.get(number, blank) for number in range(area.first_row, last + 1)]
        return Rows(area.first_row, tuple(tuple(cells) for cells, _ in filled), tuple(url for _, url in filled))

    def block(self, area: Area, scope: Scope, n: int) -> Box:
        """Return the cells that move with `n` rows of an area."""
        last = area.first_row + n - 1
        if scope is Scope.WHOLE_ROWS:
            return Box(area.first_row, 0, last, LAST_COLUMN)
        return Box(area.first_row, area.first_column, last, area.last_column)

    def obstacles(self, area: Area, scope: Scope, n: int) -> tuple[Obstacle, ...]:
        """Return what stands in the way of moving `n` rows of an area; nothing does for none."""
        return tuple(obstacles(self.sheet(area, scope, n))) if n else ()

    def sheet(self, area: Area, scope: Scope, n: int) -> Sheet:
        """Return what obstacles to moving `n` rows of an area are looked for in."""
        return Sheet(self.package, self.name, self.tab, self.grid, self.block(area, scope, n), area, scope)

    def with_columns(self, new: Columns, area: Area, n: int) -> dict[str, bytes]:
        """Write columns into the tree, and draw what surrounds them; return the other parts that changed."""
        sheet = self.sheet(area, Scope.RANGE, n)
        if not new.place.standing:
            columns.refuse_taken(self.grid, new.place, new.names, claimed_ranges(sheet))
        columns.write_columns(self.grid, new, area.first_row)
        return looks.draw(self.grid, self.package, self.name, new, painted(sheet))

    def without_columns(self, place: Place, count: int) -> bytes:
        """Return the workbook without columns and what surrounds them."""
        changes = looks.clear(self.grid, self.package, self.name, place, count)
        columns.erase_columns(self.grid, place, count)
        return self.rewritten(changes)

    def rewritten(self, changes: dict[str, bytes]) -> bytes:
        """Return the workbook with the tree as it is now, and other parts that changed."""
        changes = changes | {self.tab.part: serialise(self.grid.root)}
        if has_formulas(self.package, self.name):
            changes |= recalculating(self.package, self.name)
        return self.package.rewritten(changes)

    def reordered(self, move: Move, changes: dict[str, bytes]) -> bytes:
        """Return the workbook after the move and other changes; `grid` is the moved one from then on."""
        block = self.block(move.area, move.scope, len(move.rows))
        formulas = move_rows(self.grid, block, move.order, move.scope, self.tab.title)
        return self.rewritten(changes | calculation_order(self.package, self.name, self.tab, formulas))


def _moving_columns(move: Move, new: Columns, opened: _Opened) -> Move:
    """Return a move that takes columns along which are in the tree by now, once they read as they should."""
    for number, texts in enumerate(new.texts, move.area.first_row):
        if opened.grid.texts(number, new.place.column, new.place.column + len(texts) - 1) != texts:
            raise AssertionError(f"row {number} does not say what was written into it")
    return replace(move, area=grown(move.area, move.scope, new), columns=None)


def _everything(grid: Grid, block: Box | None = None, move: Move | None = None) -> dict[tuple[int, int], Hashable]:
    """Return what every cell of a sheet holds, by row and column, as it is or as it will be after a move."""
    places = {number: number for number in grid.rows}
    if block and move:
        places |= {block.first_row + source: block.first_row + place for place, source in enumerate(move.order)}
    return {
        (
            number if block is None or not block.first_column <= column <= block.last_column else places[number],
            column,
        ): grid.token(one, grid.content(one))
        for number in grid.rows
        for column, one in grid.cells(number, 0, LAST_COLUMN)
    }
