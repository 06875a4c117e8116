"""The manifest: what became of every row, as csv that a spreadsheet opens safely and as JSON lines. Pure."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from errors import StateError

MANIFEST: Final = "manifest.csv"
MANIFEST_LINES: Final = "manifest.jsonl"
WAS_THERE: Final = "was_there"
"""The flag of a row whose very file was there before any export: it is somebody else's, never replaced or removed."""
LEFT_OUT: Final = "left_out"
"""The status of a picture that is fine and was not exported all the same; the reason says why."""
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One row of the sheet: its number there, its picture, its file below the output folder, and why it has none.

    `status` is "ok" for a row with a file, `LEFT_OUT`, or a fetch status. `flags` are those of the picture and
    "changed" (not the bytes that were known before), "stale" (the live picture cannot be read: the last good one),
    "label_conflict" (its group has several labels) and `WAS_THERE`.
    """

    row: int
    url: str
    final_url: str | None
    file: str | None = None
    sha256: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    label: str | None = None
    group: int | None = None
    family: int | None = None
    block: int | None = None
    representative: bool | None = None
    split: str | None = None
    status: str = "ok"
    reason: str | None = None
    flags: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        """Return the columns in their order."""
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS: Final = tuple(field.name for field in fields(ManifestRow))


def to_csv(rows: Iterable[ManifestRow]) -> bytes:
    """Return the manifest as UTF-8 csv, None as an empty cell."""
    return csv_of(COLUMNS, ([_shown(value) for value in row.values().values()] for row in rows))


def to_jsonl(rows: Iterable[ManifestRow]) -> bytes:
    """Return the manifest as one JSON object a line, texts as they are in the sheet."""
    return "".join(json.dumps(row.values(), ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "replace")


def csv_of(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return a csv file, lines ending with CR LF so that a cell with either is quoted; cells are safe to open."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return stream.getvalue().encode("utf-8", "replace")


def safe_cell(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula; `plain_cell` takes it away again.

    https://owasp.org/www-community/attacks/CSV_Injection

    >>> safe_cell("=1+1"), safe_cell("soup"), plain_cell(safe_cell("'=1"))
    ("'=1+1", 'soup', "'=1")
    """
    return f"'{text}" if text.lstrip("'").startswith(_DANGEROUS) else text


def plain_cell(text: str) -> str:
    """Return what `safe_cell` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_DANGEROUS) else text


def files_in(data: bytes) -> dict[str, str]:
    """Return the files that a manifest.csv says exports put there, with their sha256.

    Raises `StateError` for a manifest that is none of ours.
    """
    foreign = StateError(
        f"The {MANIFEST} in the output folder is none that this program wrote.", "Name another folder with -o."
    )
    try:
        columns, *records = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""))) or [[]]
        rows = [dict(zip(columns, map(plain_cell, cells), strict=True)) for cells in records]
    except (ValueError, csv.Error) as error:  # a UnicodeDecodeError is a ValueError
        raise foreign from error
    if tuple(columns) != COLUMNS:
        raise foreign
    return {row["file"]: row["sha256"] for row in rows if row["file"] and WAS_THERE not in row["flags"].split()}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
