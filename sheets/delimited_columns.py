"""Columns added to the raw records of a csv or tsv file, and taken away again without a trace."""

from collections.abc import Sequence

from errors import Unsortable
from sheets.a1 import Area, column_letters
from sheets.columns import Columns, Place
from sheets.filling import Filling

Record = tuple[str, ...]


def raw(text: str, delimiter: str, encoding: str) -> str:
    """Return a text as a raw field; an encoding that is only guessed gets nothing but ASCII.

    >>> raw('a "b", c', ",", "utf-8"), raw("plain", ",", "utf-8"), raw("naïve", ",", "latin-1")
    ('"a ""b"", c"', 'plain', 'na?ve')
    """
    safe = text.encode("ascii" if encoding == "latin-1" else "utf-8", "replace").decode()
    if any(char in safe for char in (delimiter, '"', "\r", "\n")) or safe != safe.strip():
        return '"' + safe.replace('"', '""') + '"'
    return safe


def with_columns(
    records: Sequence[Record], columns: Columns, area: Area, *, delimiter: str, encoding: str
) -> tuple[Record, ...]:
    """Return the records with the names and texts of the columns, before any row moves.

    The columns' last cell, which belongs to people, keeps what it holds. Raises `Unsortable` where the records do
    not all have the same fields, since it could not be told later which of them were added.
    """
    place = columns.place
    after = list(records)
    if not place.standing:
        header = _checked(records[place.header_row - 1], place.header_row, place.column)
        after[place.header_row - 1] = (*header, *(raw(name, delimiter, encoding) for name in columns.names))
    for i, texts in enumerate(columns.texts):
        number = area.first_row + i
        record = records[number - 1]
        if len(record) < place.column and not any(texts):
            continue  # a blank line stays one
        if len(record) < place.column or not place.standing:
            _checked(record, number, place.column)
        end = place.column + len(texts)
        own = record[end : end + 1] or ("",)
        fields = (raw(text, delimiter, encoding) for text in texts)
        after[number - 1] = (*record[: place.column], *fields, *own, *record[end + 1 :])
    return tuple(after)


def filled(records: Sequence[Record], filling: Filling, *, delimiter: str, encoding: str) -> tuple[Record, ...]:
    """Return the records with the texts in the column that belongs to people; short records are filled up to it."""
    after = list(records)
    for first, texts in filling.runs():
        for number, text in enumerate(texts, start=filling.rows.first_row - 1 + first):
            record = after[number] + ("",) * (filling.column - len(after[number]))
            field = raw(text, delimiter, encoding)
            after[number] = (*record[: filling.column], field, *record[filling.column + 1 :])
    return tuple(after)


def without_columns(records: Sequence[Record], names: Sequence[str], place: Place) -> tuple[Record, ...]:
    """Return the records without the columns; records above the names' row must not reach them."""
    end = place.column + len(names)
    for number, record in enumerate(records[: place.header_row - 1], start=1):
        if any(record[place.column : end]):
            raise Unsortable(
                f"Record {number}, above the names of the columns to take away, has something in the same columns.",
                "Nothing was written. Take the columns away in a spreadsheet program.",
            )
    cut = [
        record if number < place.header_row else (*record[: place.column], *record[end:])
        for number, record in enumerate(records, start=1)
    ]
    return tuple(() if record == ("",) else record for record in cut)


def _checked(record: Record, number: int, width: int) -> Record:
    if len(record) == width:
        return record
    raise Unsortable(
        f"Record {number} has {len(record)} fields, but the row of names ends with column {column_letters(width - 1)}"
        f" ({width} fields), so columns cannot be added right of the data and taken away again.",
        "Nothing was written. Give every column a name, and every record the same number of fields (saving the file"
        " in a spreadsheet program does that).",
    )
