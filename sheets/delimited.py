"""The csv and tsv back-end: raw records move, and not one byte of a record is written anew.

A file is records, each a list of raw fields (quotes included), and the line ends between them. Line ends, the BOM, a
first line `sep=;` and the absence of a final newline belong to places in the file and stay; records (or, with a range,
raw fields) move.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from errors import SheetChanged, Unsortable
from sheets.a1 import Area, column_letters
from sheets.beside import SideCell, parting
from sheets.columns import Place, Texts, find_columns, grown, previews_refused, refuse_moved
from sheets.delimited_columns import filled, with_columns, without_columns
from sheets.filling import Filling, refuse_changed
from sheets.formulas import references
from sheets.links import address_in
from sheets.replacing import obstacle_to_replacing, read_file, refuse_if_open_elsewhere, replace_file
from sheets.rows import Obstacle, Rows, Scope, stop_at
from sheets.worksheet import Committing, Identity, Keeping, Move

_ANNOUNCED = re.compile(r"sep=(.)(?:\r\n|\r|\n)")  # Excel's own first line, which it never shows
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Table:
    """A delimited file taken apart without loss; `join(split(data)) == data` for every file that `split` accepts."""

    bom: bytes
    encoding: str
    preamble: str
    delimiter: str
    records: tuple[tuple[str, ...], ...]
    line_ends: tuple[str, ...]


def split(data: bytes, suffix: str) -> Table:
    """Take a file apart; `suffix` `.tsv` fixes the delimiter, otherwise it is found in the first records.

    Raises `Unsortable` for a quote that is never closed and for bytes that are no text.
    """
    bom, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", "utf-8"))
    body = data[len(bom) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        if bom:
            raise Unsortable(
                f"The file begins as {encoding} but is not: byte {error.start} cannot be read.",
                "Nothing was written. Save it again as CSV UTF-8.",
            ) from error
        # Any 8-bit or Asian encoding survives this unchanged: none of them hides a comma, quote or line end.
        encoding, text = "latin-1", body.decode("latin-1")
    if "\0" in text:
        raise Unsortable("The file holds NUL characters, so it is no csv text.", "Save it again as CSV UTF-8.")
    announced = _ANNOUNCED.match(text)
    preamble = announced[0] if announced else ""
    text = text[len(preamble) :]
    default = "\t" if suffix.lower() == ".tsv" else _delimiter_of(text)
    delimiter = announced[1] if announced else default
    scanned = list(_scan(text, delimiter))
    return Table(
        bom, encoding, preamble, delimiter, tuple(fields for fields, _ in scanned), tuple(end for _, end in scanned)
    )


def join(table: Table, records: Sequence[Sequence[str]]) -> bytes:
    """Put a file together again from as many records, in their order, with the table's own line ends."""
    lines = (table.delimiter.join(fields) + end for fields, end in zip(records, table.line_ends, strict=True))
    return table.bom + (table.preamble + "".join(lines)).encode(table.encoding)


def value_of(field: str) -> str:
    r"""Return what a raw field says.

    >>> value_of('"a ""b"" c"'), value_of(" d ")
    ('a "b" c', ' d ')
    """
    if field.startswith('"') and (quoted := re.match(r'"((?:[^"]|"")*)"', field)):
        return quoted[1].replace('""', '"') + field[quoted.end() :]
    return field


class DelimitedWorksheet:
    """A csv or tsv file as a worksheet; row numbers are record numbers, counted from 1."""

    def __init__(self, path: Path, *, backup: bool = True) -> None:
        self._path = path
        self._backup = backup

    @property
    def identity(self) -> Identity:
        """The file itself; a csv has no tabs."""
        kind = self._path.suffix.lower().lstrip(".")
        return Identity(kind, str(self._path.absolute()), "", self._path.name, "")

    def read(self, area: Area, scope: Scope, *, at_least: int = 0) -> Rows:
        """Return the rows of `area`; see `worksheet.Worksheet.read`."""
        rows = _rows(self._table(read_file(self._path), area, at_least), area, scope, at_least)
        blocked = obstacle_to_replacing(self._path)
        return rows if blocked is None else replace(rows, obstacles=(blocked, *rows.obstacles))

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        """Return what the fields of an area say; see `worksheet.Worksheet.texts`."""
        return _texts(split(read_file(self._path), self._path.suffix))(area)

    def reorder(self, move: Move, *, committing: Committing = nullcontext) -> str:
        """Write the records in their new order; see `worksheet.Worksheet.reorder`."""
        refuse_if_open_elsewhere(self._path)
        before = read_file(self._path)
        table = self._table(before, move.area, len(move.rows))
        rows = _rows(table, move.area, move.scope, len(move.rows))
        if rows.urls != move.rows.urls:
            raise SheetChanged(f"{self._path.name} was changed by another program.", "Nothing was written. Run again.")
        stop_at(rows.obstacles, force=move.force)
        table, move, rows = self._with_columns(table, move, rows)
        records = _moved(table.records, move, rows)
        kept = self._replaced(table, records, before, committing)
        last = rows.first_row + len(rows) - 1
        what = (
            f"records {rows.first_row} to {last}"
            if move.scope is Scope.WHOLE_ROWS
            else f"{column_letters(move.area.first_column)}{rows.first_row}:"
            f"{column_letters(move.area.last_column)}{last}"
        )
        return f"{what} of {self._path.name}{kept}"

    def standing(self, area: Area, names: tuple[str, ...]) -> Place | None:
        """Return where the columns stand, by their names; see `worksheet.Worksheet.standing`."""
        return find_columns(self.texts, area, names)

    def check_preview(self, area: Area, column: int) -> None:  # noqa: ARG002 - no column of a text file shows any
        """Refuse; see `worksheet.Worksheet.check_preview`."""
        raise previews_refused(self._path.name, "it is a file of texts, without formulas")

    def remove(
        self, names: tuple[str, ...], place: Place, keep: Keeping, *, committing: Committing = nullcontext
    ) -> str:
        """Write the file without the columns; see `worksheet.Worksheet.remove`."""
        refuse_if_open_elsewhere(self._path)
        before = read_file(self._path)
        table = split(before, self._path.suffix)
        below = Area(0, 0, place.header_row + 1)
        if find_columns(_texts(table), below, names) != place:
            raise SheetChanged(f"{self._path.name} was changed by another program.", "Nothing was written. Run again.")
        last = place.column + len(names) - 1
        below_names = table.records[place.header_row :]
        keep(tuple(value_of(record[last]) if last < len(record) else "" for record in below_names))
        records = without_columns(table.records, names, place)
        kept = self._replaced(table, records, before, committing)
        return f"{self._path.name} without {', '.join(names)}{kept}"

    def fill(self, filling: Filling, *, committing: Committing = nullcontext) -> str:
        """Write the texts into their column; see `worksheet.Worksheet.fill`."""
        refuse_if_open_elsewhere(self._path)
        before = read_file(self._path)
        table = self._table(before, filling.area, len(filling.rows))
        rows = _rows(table, filling.area, Scope.RANGE_ONLY, len(filling.rows))
        texts = _texts(table)
        place = find_columns(texts, filling.area, filling.names)
        held = [text for (text,) in texts(filling.cells)]
        refuse_changed(filling, rows.urls, place, held, self._path.name)
        records = filled(table.records, filling, delimiter=table.delimiter, encoding=table.encoding)
        kept = self._replaced(table, records, before, committing)
        return f"{filling.names[-1]} of {self._path.name}{kept}"

    def landed(self, run: str) -> bool | None:  # noqa: ARG002 - a file carries no stamp of the run
        """Return None: the order of the records themselves tells."""
        return None

    def _replaced(self, table: Table, records: Sequence[Sequence[str]], before: bytes, committing: Committing) -> str:
        """Put the records in the place of the file; return where its backup is, in brackets."""
        data = join(table, records)
        self._verify(table, records, data)
        kept = replace_file(self._path, data, read=before, backup=self._backup, committing=committing)
        return f" (backup: {kept.name})" if kept else " (no backup)"

    def _with_columns(self, table: Table, move: Move, rows: Rows) -> tuple[Table, Move, Rows]:
        """Return the table with the move's columns written, and the move and rows that take them along."""
        if move.columns is None:
            return table, move, rows
        texts = _texts(table)
        found = find_columns(texts, move.area, move.columns.names)
        refuse_moved(texts, found, move.area, move.scope, move.columns)
        records = with_columns(
            table.records, move.columns, move.area, delimiter=table.delimiter, encoding=table.encoding
        )
        table = replace(table, records=records)
        area = grown(move.area, move.scope, move.columns)
        rows = _rows(table, area, move.scope, len(rows))
        return table, replace(move, area=area, rows=rows, columns=None), rows

    def _verify(self, table: Table, records: Sequence[Sequence[str]], data: bytes) -> None:
        """Read the new file as any program would: the same delimiter, and exactly the records that were moved."""
        after = split(data, self._path.suffix)
        meant = [() if list(record) == [""] else tuple(record) for record in records]
        if meant and not meant[-1] and not table.line_ends[-1]:
            meant.pop()  # a blank record without a line end leaves no trace of its own
        if after.delimiter != table.delimiter or list(after.records) != meant:
            raise Unsortable(
                f"The records of {self._path.name} would not read the same in another order.",
                "Nothing was written. It mixes line ends or leaves quotes ambiguous: save it anew as CSV UTF-8.",
            )

    def _table(self, data: bytes, area: Area, at_least: int) -> Table:
        table = split(data, self._path.suffix)
        if area.first_row - 1 + at_least > len(table.records) and table.line_ends[-1:] != ("",):
            # A blank record that went last, where the file has no final newline, left nothing but the newline before.
            return replace(table, records=(*table.records, ()), line_ends=(*table.line_ends, ""))
        return table


def _texts(table: Table) -> Texts:
    """Return what tells the texts of an area of a table; see `worksheet.Worksheet.texts`."""

    def texts(area: Area) -> tuple[tuple[str, ...], ...]:
        columns = range(area.first_column, area.last_column + 1)
        cut = table.records[area.first_row - 1 : area.last_row]
        shown = [tuple(value_of(record[i]) if i < len(record) else "" for i in columns) for record in cut]
        return (*shown, *[("",) * area.width] * (area.height - len(shown)))

    return texts


def _rows(table: Table, area: Area, scope: Scope, at_least: int) -> Rows:
    top = area.first_row - 1
    cut = table.records[top : area.last_row]
    window = slice(area.first_column, area.last_column + 1)
    filled = (i + 1 for i, record in enumerate(cut) if any(value_of(raw).strip() for raw in record[window]))
    n = max(min(at_least, len(cut)), max(filled, default=0))
    cells = tuple((*record[window], *[None] * (area.width - len(record[window]))) for record in cut[:n])
    return Rows(
        first_row=area.first_row,
        cells=cells,
        urls=tuple(_address(row[0]) for row in cells),
        obstacles=tuple(_obstacles(cut[:n], area, scope)),
    )


def _address(field: str | None) -> str:
    value = value_of(field or "")
    return address_in(value, formula=value if value.startswith("=") else None)


def _obstacles(records: Sequence[Sequence[str]], area: Area, scope: Scope) -> list[Obstacle]:
    found = []
    width = max((len(record) for record in records), default=0)
    moving = range(width) if scope is Scope.WHOLE_ROWS else range(area.first_column, area.last_column + 1)
    if scope is Scope.RANGE:
        beside = {
            column: [_side_cell(record[column]) if column < len(record) else SideCell() for record in records]
            for column in range(width)
            if column not in moving
        }
        obstacle = parting(beside, area, len(records), None)
        if obstacle:
            found.append(obstacle)
    bound = [
        f"{column_letters(column)}{area.first_row + i}"
        for i, record in enumerate(records)
        for column in moving
        if column < len(record) and _looks_at_a_row(value_of(record[column]))
    ]
    if bound:
        found.append(
            Obstacle(
                f"Formulas in cells that would move name rows ({', '.join(bound[:5])}"
                f"{' ...' if len(bound) > 5 else ''}), and a csv is never rewritten, only reordered.",
                "Nothing was written. Leave those columns out of the range, or add --force to move them as they are.",
                yields_to_force=True,
            )
        )
    return found


def _looks_at_a_row(value: str) -> bool:
    return value.startswith("=") and any(not (ref.fixed_top and ref.fixed_bottom) for ref in references(value))


def _side_cell(field: str) -> SideCell:
    value = value_of(field)
    if value.startswith("="):
        return SideCell(value=value, formula=value)
    return SideCell(value=value.strip() or None)


def _moved(records: Sequence[Sequence[str]], move: Move, rows: Rows) -> list[Sequence[str]]:
    top = rows.first_row - 1
    result = list(records)
    for place, source in enumerate(move.order):
        if move.scope is Scope.WHOLE_ROWS:
            result[top + place] = records[top + source]
        else:
            cells = [None if cell is None else str(cell) for cell in rows.cells[source]]
            result[top + place] = _with_cells(records[top + place], move.area, cells)
    return result


def _with_cells(record: Sequence[str], area: Area, cells: Sequence[str | None]) -> list[str]:
    """Return the record with other cells in the area; None is a cell that its short record did not have."""
    before = [*record[: area.first_column], *[""] * (area.first_column - len(record))]
    after = list(record[area.last_column + 1 :])
    kept = list(cells)
    while not after and kept and kept[-1] is None:
        kept.pop()
    if not after and not kept and not any(before):
        return []  # a blank line stays one
    return [*before, *(cell or "" for cell in kept), *after]


def _scan(text: str, delimiter: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each record's raw fields and its line end ("" at the end of the file)."""
    escaped = re.escape(delimiter)
    field = re.compile(
        rf'(?P<field>(?P<quoted>"[^"]*(?:""[^"]*)*"(?!"))?[^{escaped}\r\n]*)(?P<end>{escaped}|\r\n|\n|\r|\Z)'
    )
    fields: list[str] = []
    number = 1
    position = 0
    while position < len(text) or fields:
        match = field.match(text, position)
        if match is None or (match["quoted"] is None and match["field"].startswith('"')):
            raise Unsortable(
                f"The quoted field that begins in record {number} is never closed.",
                "Nothing was written. Open the file in a text editor and close the quote.",
            )
        if match["quoted"] and "\n" in match["quoted"] and match["field"] != match["quoted"]:
            raise Unsortable(
                f"Record {number} has text behind a quoted field of several lines, so its quotes are ambiguous.",
                "Nothing was written. Open the file in a text editor and mend the quotes.",
            )
        fields.append(match["field"])
        position = match.end()
        if match["end"] != delimiter:
            yield tuple(fields) if fields != [""] else (), match["end"]
            fields = []
            number += 1


def _delimiter_of(text: str) -> str:
    """The delimiter whose records are most regular; a comma where nothing tells.

    All records count, so that the answer does not change when they are reordered.
    """
    best, best_score = ",", 0.0
    for delimiter in ";\t|,":  # on a tie the comma loses: it is in numbers and texts of files that the others divide
        widths = _widths(text, delimiter) if delimiter in text else {}
        width = max(widths, key=lambda width: (widths[width], width), default=1)
        score = widths[width] / sum(widths.values()) if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(text: str, delimiter: str) -> Counter[int]:
    try:
        return Counter(len(record) for record, _ in _scan(text, delimiter) if record)
    except Unsortable:  # a wrong delimiter meets quotes that it cannot close
        return Counter()
