"""What a labeler reads beside each row: its group, its nearest row, why, its size, its status; from a run's result."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from report import sizes
from report.result import Result, ResultEvidence, ResultRow

NAMES = ("group", "match", "why", "size", "status", "decision")
"""The names of the review columns; `decision` belongs to the labelers."""
REOPENED = "open again"
"""How the status of a row begins whose decision is older than its group."""
KEEPER = "suggested keeper"
"""What `status` holds in the row that is suggested to be kept of its group."""
WIDTHS = (7, 9, 58, 24, 30, 10)
"""How many characters of each column there should be room for; `why` is a sentence."""
_LONGEST = 300
_BITS = 64


@dataclass(frozen=True, slots=True)
class Twin:
    """A near-duplicate on another worksheet: which, its row there after that worksheet's sort, and why it is one."""

    worksheet: str
    row: int
    why: str


def table(
    result: Result, distinct: Collection[int] = (), twins: Mapping[str, Twin] = MappingProxyType({})
) -> tuple[tuple[str, ...], ...]:
    """Return the texts of all columns but `decision`, a tuple for each row in the order before the run.

    `distinct` are the numbers of the rows that people decided to be distinct: where one is in a group all the same,
    its status says why. `twins` are the near-duplicates on other worksheets, by sha256.

    No text holds a line break, a tab, a semicolon or a bar, begins with a sign that a spreadsheet program takes for a
    formula, or is longer than 300 characters. A row without an address has no texts.
    """
    nearest = _nearest(result)
    rows = {row.row: row for row in result.rows}
    told = _matched_again(result, distinct)
    return tuple(
        _texts(row, nearest.get(row.row), rows, told.get(row.row, ""), twins.get(row.sha256 or ""))
        for row in result.rows
    )


def size(row: ResultRow) -> str:
    """Return the size of a picture in words.

    >>> from types import SimpleNamespace as Row
    >>> size(Row(width=1200, height=675, format="JPEG", bytes=187392)), size(Row(width=None))
    ('1200x675 jpeg 187 kB', '')
    """
    if row.width is None or row.height is None or row.bytes is None:
        return ""
    return f"{row.width}x{row.height} {(row.format or '').lower()} {sizes.size(row.bytes)}"


def reason(pair: ResultEvidence, *, same_file: bool) -> str:
    """Return why two rows are in one group.

    >>> reason(ResultEvidence((2, 3), (2, 4, 3), 0.972), same_file=False)
    'same picture (97 % alike, hashes differ in 2, 4 and 3 of 64 bits)'
    >>> reason(ResultEvidence((2, 3), (0, 0, 0), None), same_file=True)
    'the very same file'
    >>> reason(ResultEvidence((2, 3), (5, 9, 0), None), same_file=False)
    'same picture (hashes differ in 5, 9 and 0 of 64 bits)'
    """
    if same_file:
        return "the very same file"
    if not any(pair.distances) and pair.alignment is None:
        return "the same picture in every pixel that is compared"
    alike = "" if pair.alignment is None else f"{int(100 * pair.alignment)} % alike, "
    *first, last = map(str, pair.distances)
    return f"same picture ({alike}hashes differ in {', '.join(first)} and {last} of {_BITS} bits)"


def _nearest(result: Result) -> dict[int, ResultEvidence]:
    """Return for each row the pair that joins it most closely to its group; the first of equals."""
    best: dict[int, ResultEvidence] = {}
    for group in result.groups:
        for pair in group.evidence:
            for row in pair.rows:
                if row not in best or _distance(pair) < _distance(best[row]):
                    best[row] = pair
    return best


def _distance(pair: ResultEvidence) -> tuple[int, float]:
    return sum(pair.distances), -(1.0 if pair.alignment is None else pair.alignment)


def _matched_again(result: Result, distinct: Collection[int]) -> dict[int, str]:
    """Return what to say of rows that were decided to be distinct and are in a group all the same."""
    told: dict[int, str] = {}
    rows = {row.row: row for row in result.rows}
    for group in result.groups:
        for row in (rows[number] for number in group.rows if number in distinct):
            others = [rows[number] for number in group.rows if number != row.row]
            if all(other.sha256 == row.sha256 for other in others):
                told[row.row] = f"cannot be distinct: the very same file as row {others[0].new_row}"
            else:
                told[row.row] = f"{REOPENED}: a new match since; if it is distinct from that, too, clear this cell"
    return told


def _texts(
    row: ResultRow, pair: ResultEvidence | None, rows: Mapping[int, ResultRow], told: str, twin: Twin | None
) -> tuple[str, ...]:
    if row.status == "blank_cell":
        return ("",) * (len(NAMES) - 1)
    match = why = ""
    if pair is not None:
        other = rows[pair.rows[0] if pair.rows[1] == row.row else pair.rows[1]]
        match = f"row {other.new_row}"
        why = reason(pair, same_file=row.sha256 == other.sha256)
    if twin is not None:
        match = ", ".join(filter(None, (match, f"{twin.worksheet} row {twin.row}")))
        why = ", ".join(filter(None, (why, f"on the worksheet {twin.worksheet}: {twin.why}")))
    group = "" if row.group is None else str(row.group)
    return tuple(_plain(text) for text in (group, match, why, size(row), _status(row, told)))


def _status(row: ResultRow, told: str) -> str:
    if row.status != "ok":
        return f"{row.status.replace('_', ' ')}: {row.reason or ''}".rstrip(": ")
    keeper = KEEPER if row.representative else ""
    return ", ".join(filter(None, (told, keeper, *(flag.replace("_", " ") for flag in row.flags))))


def _plain(text: str) -> str:
    r"""Return foreign text without what may divide cells.

    >>> _plain("http error: a;b\n c")
    'http error: a, b c'
    """
    safe = "".join(char if char.isprintable() else " " for char in text.replace(";", ", ").replace("|", " "))
    return " ".join(safe.split())[:_LONGEST]
