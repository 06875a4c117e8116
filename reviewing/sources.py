"""What each source of pictures was worth: how much is dead or a duplicate, how often its copy is the best. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from report.result import ResultRow

_SHOWN: Final = 30
_NO_ADDRESS: Final = ("blank_cell", "not_a_url")


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of one source: those with an address, dead ones, readable ones, and of these those in a group.

    `groups` is in how many groups it has a picture, `best` in how many of them the suggested keeper.
    """

    source: str
    rows: int
    dead: int
    readable: int
    duplicates: int
    groups: int
    best: int

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` says; shares are None where there is nothing to take them of."""
        return {
            **asdict(self),
            "dead_share": _share(self.dead, self.rows),
            "duplicate_share": _share(self.duplicates, self.readable),
            "best_share": _share(self.best, self.groups),
        }


def sources_of(rows: Iterable[ResultRow], names: Iterable[str]) -> list[Source]:
    """Return what each source was worth, the one with most rows first; `names` gives the source of each row."""
    by_name: dict[str, list[ResultRow]] = {}
    for row, name in zip(rows, names, strict=True):
        if row.status not in _NO_ADDRESS:
            by_name.setdefault(name, []).append(row)
    made = [_source(name, members) for name, members in by_name.items()]
    return sorted(made, key=lambda one: (-one.rows, one.source))


def lines_of(sources: Sequence[Source], title: str) -> Iterator[str]:
    """Yield the table as lines."""
    width = min(40, max([len(title), *(len(_name(one)) for one in sources[:_SHOWN])]))
    yield f"  {title:<{width}}  {'rows':>6}  {'dead':>6}  {'duplicates':>10}  {'groups':>6}  {'best copy':>9}"
    for one in sources[:_SHOWN]:
        dead, duplicates = _percent(one.dead, one.rows), _percent(one.duplicates, one.readable)
        best = _percent(one.best, one.groups)
        yield f"  {_name(one):<{width}}  {one.rows:>6}  {dead:>6}  {duplicates:>10}  {one.groups:>6}  {best:>9}"
    if len(sources) > _SHOWN:
        yield f"  and {len(sources) - _SHOWN} more, which --json names"


def _source(name: str, rows: Sequence[ResultRow]) -> Source:
    readable = [row for row in rows if row.status == "ok"]
    grouped = [row for row in readable if row.group is not None]
    return Source(
        name,
        len(rows),
        len(rows) - len(readable),
        len(readable),
        len(grouped),
        len({row.group for row in grouped}),
        sum(bool(row.representative) for row in grouped),
    )


def _name(one: Source) -> str:
    return (one.source or "(none)")[:40]


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
