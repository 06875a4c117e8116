"""The simplest back-end: a list of lists. It shows what the interface asks for, and checks the suite itself."""

from collections.abc import Callable
from contextlib import nullcontext

from errors import SheetChanged
from sheets.a1 import Area
from sheets.beside import SideCell, parting
from sheets.columns import Columns, Place, find_columns, grown, previews_refused, refuse_moved
from sheets.filling import Filling, refuse_changed
from sheets.links import address_in
from sheets.rows import Rows, Scope, stop_at
from sheets.worksheet import Committing, Identity, Keeping, Move


class MemoryWorksheet:
    """A worksheet whose cells are texts in memory."""

    def __init__(self, cells: list[list[str]]) -> None:
        self.cells = cells
        self.before_write: Callable[[], None] = lambda: None

    @property
    def identity(self) -> Identity:
        return Identity("memory", "memory", "", "memory", "")

    def read(self, area: Area, scope: Scope, *, at_least: int = 0) -> Rows:
        window = slice(area.first_column, area.last_column + 1)
        cut = [row[window] for row in self.cells[area.first_row - 1 : area.last_row]]
        while len(cut) > at_least and not any(cell.strip() for cell in cut[-1]):
            cut.pop()
        padded = tuple((*row, *[""] * (area.width - len(row))) for row in cut)
        urls = tuple(address_in(row[0], formula=row[0] if row[0].startswith("=") else None) for row in padded)
        return Rows(area.first_row, padded, urls, self._obstacles(area, scope, len(cut)))

    def _obstacles(self, area: Area, scope: Scope, n: int) -> tuple:
        if scope is not Scope.RANGE:
            return ()
        rows = self.cells[area.first_row - 1 : area.first_row - 1 + n]
        columns = {
            column: [_side_cell(row[column]) if column < len(row) else SideCell() for row in rows]
            for column in range(max((len(row) for row in rows), default=0))
        }
        obstacle = parting(columns, area, n, None)
        return (obstacle,) if obstacle else ()

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        cut = self.cells[area.first_row - 1 : area.last_row]
        cut += [[]] * (area.height - len(cut))
        padded = [[*row, *[""] * (area.last_column + 1)] for row in cut]
        return tuple(tuple(row[area.first_column : area.last_column + 1]) for row in padded)

    def reorder(self, move: Move, *, committing: Committing = nullcontext) -> str:
        self.before_write()
        rows = self.read(move.area, move.scope, at_least=len(move.rows))
        if rows.urls != move.rows.urls:
            raise SheetChanged("The rows changed.", "Read again.")
        stop_at(rows.obstacles, force=move.force)
        area = move.area
        if move.columns is not None:
            found = self.standing(move.area, move.columns.names)
            refuse_moved(self.texts, found, move.area, move.scope, move.columns)
            area = self._write(move, move.columns)
            rows = self.read(area, move.scope, at_least=len(move.rows))
        top = move.area.first_row - 1
        before = [list(row) for row in self.cells]
        with committing():
            for place, source in enumerate(move.order):
                if move.scope is Scope.WHOLE_ROWS:
                    self.cells[top + place] = before[top + source]
                else:
                    row = self.cells[top + place]
                    row[area.first_column : area.last_column + 1] = map(str, rows.cells[source])
        return "memory"

    def _write(self, move: Move, columns: Columns) -> Area:
        at, names = columns.place, columns.names
        new = not at.standing
        for number, row in enumerate(self.cells, start=1):
            if new and (number == at.header_row or number >= move.area.first_row):
                row.extend([""] * (at.column - len(row)))
                row[at.column : at.column] = names if number == at.header_row else [""] * len(names)
        for row, texts in zip(self.cells[move.area.first_row - 1 :], columns.texts, strict=False):
            row.extend([""] * (at.column + len(names) - len(row)))
            row[at.column : at.column + len(texts)] = texts
        return grown(move.area, move.scope, columns)

    def standing(self, area: Area, names: tuple[str, ...]) -> Place | None:
        return find_columns(self.texts, area, names)

    def check_preview(self, area: Area, column: int) -> None:  # noqa: ARG002 - there is nothing to see it with
        raise previews_refused("memory", "nobody looks at it")

    def remove(
        self, names: tuple[str, ...], place: Place, keep: Keeping, *, committing: Committing = nullcontext
    ) -> str:
        at = place.column + len(names) - 1
        keep(tuple(row[at] if at < len(row) else "" for row in self.cells[place.header_row :]))
        with committing():
            for row in self.cells[place.header_row - 1 :]:
                del row[place.column : place.column + len(names)]
        return "memory"

    def fill(self, filling: Filling, *, committing: Committing = nullcontext) -> str:
        self.before_write()
        rows = self.read(filling.area, Scope.RANGE_ONLY, at_least=len(filling.rows))
        held = [text for (text,) in self.texts(filling.cells)]
        refuse_changed(filling, rows.urls, self.standing(filling.area, filling.names), held, "memory")
        with committing():
            for first, texts in filling.runs():
                for row, text in zip(self.cells[rows.first_row - 1 + first :], texts, strict=False):
                    row.extend([""] * (filling.column + 1 - len(row)))
                    row[filling.column] = text
        return "memory"

    def landed(self, run: str) -> bool | None:  # noqa: ARG002 - nothing is remembered
        return None


def _side_cell(text: str) -> SideCell:
    return SideCell(value=text or None, formula=text if text.startswith("=") else None)
