"""The result of a run as a value: what `--json` says, and what export and review read again later."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from errors import StateError
from report.saving import save

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row: its number in the sheet before and after, its picture, and where it belongs.

    `status` is `ok` or a fetch status with a sentence in `reason`; what is only known of a readable picture is
    None otherwise. `group`, `family` and `block` are numbers from 1 in order of appearance, None for a row that
    is alone in it. `representative` says whether this row is its group's suggested keeper, None without a group.
    """

    row: int
    new_row: int
    url: str
    final_url: str | None
    status: str
    reason: str | None
    flags: tuple[str, ...]
    sha256: str | None
    bytes: int | None
    format: str | None
    width: int | None
    height: int | None
    ahash: str | None
    phash: str | None
    dhash: str | None
    group: int | None
    family: int | None
    block: int | None
    representative: bool | None


@dataclass(frozen=True, slots=True)
class ResultEvidence:
    """A pair that formed a group: row numbers before the run, Hamming distances, alignment (None: not scored)."""

    rows: tuple[int, int]
    distances: tuple[int, ...]
    alignment: float | None


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """A group: its number, its family, its rows and representative as row numbers before the run."""

    group: int
    family: int
    rows: tuple[int, ...]
    representative: int
    evidence: tuple[ResultEvidence, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Everything a run found. Only `summary` may differ between two runs on the same rows."""

    spreadsheet: str
    worksheet: str
    range: str
    parameters: dict[str, Any]
    rows: tuple[ResultRow, ...]
    groups: tuple[ResultGroup, ...]
    summary: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the documented JSON, keys in the documented order."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """Read what `to_json` wrote; raise `StateError` for anything else."""
        try:
            saved: dict[str, Any] = json.loads(text)
            if saved.pop("schema") != SCHEMA:
                raise StateError("The result was written by another version.", "Run sort_similar.py again.")
            rows = tuple(ResultRow(**{**row, "flags": tuple(row["flags"])}) for row in saved.pop("rows"))
            groups = tuple(_group(group) for group in saved.pop("groups"))
            return cls(rows=rows, groups=groups, **saved)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError("The saved result is damaged.", "Run sort_similar.py again.") from error


def _group(saved: dict[str, Any]) -> ResultGroup:
    evidence = tuple(
        ResultEvidence((a, b), tuple(pair["distances"]), pair["alignment"])
        for pair in saved["evidence"]
        for a, b in [pair["rows"]]
    )
    return ResultGroup(**{**saved, "rows": tuple(saved["rows"]), "evidence": evidence})


def last_result_path(state: Path, key: str, worksheet_key: str, area: str) -> Path:
    """Return where the last result of a spreadsheet, worksheet and range is kept."""
    name = hashlib.sha256("\n".join((key, worksheet_key, area)).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return state / "results" / f"{name}.json"


def last_result(state: Path, key: str, worksheet_key: str, area: str) -> Result | None:
    """Return the last result of a spreadsheet, worksheet and range; None where there is none that can be used."""
    try:
        return Result.from_json(last_result_path(state, key, worksheet_key, area).read_text("utf-8"))
    except (OSError, ValueError, StateError):
        return None


class Document(Protocol):
    """What says itself as JSON."""

    def to_json(self) -> str:
        """Return the text of the file."""
        ...


def write(result: Document, path: Path) -> None:
    """Write the JSON to `path` in one step; raise `StateError` in a sentence."""
    # A cell may hold half a character; what backslashreplace makes of it is JSON's own escape.
    save(result.to_json().encode("utf-8", "backslashreplace"), path)
