"""What an export found and did, as a value: what `--json` says, and the lines of the summary."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from export.choosing import DROPPED
from export.deciding import Ready
from export.folder import Cleaned
from export.layouts import guessed_types
from export.manifest import LEFT_OUT, MANIFEST, ManifestRow
from export.planning import Plan
from report.building import host_of
from report.sizes import size
from report.summary import counted

SCHEMA: Final = 1
_SHOWN: Final = 8
_NAMED: Final = 25
_WORRYING_SHARE: Final = 0.2  # users of bulk downloaders ask to be warned above a fifth (img2dataset#223)
_WORRYING_DISTANCE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Found:
    """Everything an export found; only `summary` may differ between two runs on the same rows."""

    spreadsheet: str
    worksheet: str
    range: str
    parameters: dict[str, Any]
    rows: tuple[ManifestRow, ...]
    summary: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the documented JSON, keys in the documented order."""
        head = {"schema": SCHEMA, "spreadsheet": self.spreadsheet, "worksheet": self.worksheet, "range": self.range}
        rows = [row.values() for row in self.rows]
        whole = {**head, "parameters": self.parameters, "rows": rows, "summary": self.summary}
        return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def summarise(plan: Plan) -> dict[str, Any]:
    """Return the figures a team lead acts on; the same for the same plan."""
    rows = plan.rows
    unreadable = [row for row in rows if row.status not in ("ok", LEFT_OUT)]
    exported = [row for row in rows if row.file]
    return {
        "rows": len(rows),
        "files": len(exported),
        "bytes": sum(row.bytes or 0 for row in exported),
        "labels": dict(Counter(row.label or "" for row in exported if row.label is not None).most_common()),
        "left_out": sum(row.status == LEFT_OUT for row in rows),
        "dropped": sum(row.status == LEFT_OUT and row.reason == DROPPED for row in rows),
        "undecided_groups": [list(group) for group in plan.waiting],
        "changed": [row.row for row in rows if "changed" in row.flags],
        "stale": [row.row for row in rows if "stale" in row.flags],
        "label_conflicts": [
            {"group": conflict.group, "labels": [[row, label] for row, label in conflict.labels]}
            for conflict in plan.conflicts
        ],
        "moved_families": [
            {"rows": [rows[i].row for i in moved.members], "split": moved.side, "before": list(moved.before)}
            for moved in plan.moved
        ],
        "unreadable_rows": len(unreadable),
        "unreadable_by_status": dict(Counter(row.status for row in unreadable).most_common()),
        "unreadable_by_host": dict(Counter(host for row in unreadable if (host := host_of(row.url))).most_common()),
    }


def done(output: Path, ready: Ready, cleaned: Cleaned, *, dry_run: bool) -> dict[str, Any]:
    """Return what was written and removed, for the summary."""
    return {
        "output": str(output),
        "written": 0 if dry_run else len(ready.standing.missing),
        "present": len(ready.standing.present),
        "altered": list(ready.standing.altered),
        "unowned": sorted(ready.unowned),
        "removed": list(cleaned.removed),
        "kept_as_changed": list(cleaned.changed),
        "kept_as_unreadable": sorted(ready.spared),
        "kept_as_stuck": cleaned.stuck,
        "dry_run": dry_run,
    }


def shares(rows: Sequence[ManifestRow]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Return how many files each split got, of all and of each label (none where there are no labels)."""
    total: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        if row.file and row.split:
            total[row.split] += 1
            if row.label is not None:
                counts.setdefault(row.label, Counter())[row.split] += 1
    return dict(total), {label: dict(count) for label, count in counts.items()}


def lines_of(found: Found, wanted: Mapping[str, float]) -> Iterator[str]:
    """Yield the lines of the summary up to what was written; `wanted` are the shares asked for by split."""
    figures = found.summary
    name = f"{found.spreadsheet}, {found.worksheet}" if found.worksheet else found.spreadsheet
    yield f"{name}, range {found.range}"
    yield f"  {figures['rows']} rows: {figures['files']} with a picture to export ({size(figures['bytes'])})"
    yield f"  Groups and families: {figures['grouping']}"
    yield from _left_out(found.rows)
    yield from _undecided(figures)
    if figures.get("decisions_for_no_row"):
        yield f"  {counted(figures['decisions_for_no_row'], 'decision')} of the file for no row of this range"
    if figures["unreadable_rows"]:
        yield from _unreadable(found)
    yield from _splits(found, wanted)
    yield from _warnings(found)


def _left_out(rows: Sequence[ManifestRow]) -> Iterator[str]:
    left = [row for row in rows if row.status == LEFT_OUT]
    if dropped := [row.row for row in left if row.reason == DROPPED]:
        yield f"  {len(dropped)} left out as decided (drop): {_numbers(dropped)}"
        left = [row for row in left if row.reason != DROPPED]
    placeholders = [row.row for row in left if "placeholder_suspected" in row.flags]
    others = len(left) - len(placeholders)
    if placeholders:
        yield f"  {len(placeholders)} left out as suspected placeholders: {_numbers(placeholders)} (see --placeholders)"
    if others:
        yield f"  {others} left out, as another member of their group is kept"


def _undecided(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what people still have to decide; where nobody decided anything, they may never mean to."""
    groups = figures["undecided_groups"]
    if groups and figures.get("decisions"):
        first = _numbers([rows[0] for rows in groups])
        yield f"  {counted(len(groups), 'group')} not decided yet, from {first} on (see --undecided)"


def _unreadable(found: Found) -> Iterator[str]:
    figures = found.summary
    yield f"  {counted(figures['unreadable_rows'], 'unreadable row')}, in the manifest with the reason:"
    for status, count in list(figures["unreadable_by_status"].items())[:_SHOWN]:
        rows = [row for row in found.rows if row.status == status]
        yield f"    {count} {status.replace('_', ' ')}: {_numbers([row.row for row in rows])} ({rows[0].reason})"
    if figures["unreadable_by_host"]:
        hosts = list(figures["unreadable_by_host"].items())[:_SHOWN]
        yield f"    by host: {', '.join(f'{host} {count}' for host, count in hosts)}"


def _splits(found: Found, wanted: Mapping[str, float]) -> Iterator[str]:
    if not wanted:
        return
    reached = found.summary["splits_by_label"]
    yield f"  Splits: {_ratios(found.summary['splits'], wanted)}"
    labels = list(reached)
    for label in labels[:_SHOWN]:
        yield f"    {label or '(no label)'}: {_ratios(reached[label], wanted)}"
    if len(labels) > _SHOWN:
        yield f"    and {len(labels) - _SHOWN} more labels"
    far = [label for label in labels if _distance(reached[label], wanted) > _WORRYING_DISTANCE]
    if far:
        yield (
            f"  Note: {len(far)} labels are more than 10 points from the shares asked for ({', '.join(far[:_SHOWN])}):"
            " families stay whole, so a label with few of them cannot come nearer; another --seed may."
        )
    for moved in found.summary["moved_families"]:
        before = " and ".join(moved["before"])
        where = _numbers(moved["rows"])
        yield f"  Moved to {moved['split']}, as families grew together: {where}, partly from {before}"


def _ratios(counts: Mapping[str, int], wanted: Mapping[str, float]) -> str:
    total = sum(counts.values())
    return ", ".join(
        f"{name} {counts.get(name, 0)} ({100 * counts.get(name, 0) / max(total, 1):.1f} % of {100 * share:.4g} %)"
        for name, share in wanted.items()
    )


def _distance(counts: Mapping[str, int], wanted: Mapping[str, float]) -> float:
    total = sum(counts.values())
    return max(abs(counts.get(name, 0) / total - share) for name, share in wanted.items()) if total else 0.0


def _warnings(found: Found) -> Iterator[str]:
    figures = found.summary
    yield from _told(found.rows, "changed", "Changed, so not what was reviewed or known")
    yield from _told(found.rows, "stale", "Exported as last known, as the live picture fails")
    conflicts = figures["label_conflicts"]
    for conflict in conflicts[:_SHOWN]:
        labels = ", ".join(f"row {row} {label!r}" for row, label in conflict["labels"][:_SHOWN])
        yield f"  Label conflict in group {conflict['group']}: {labels}"
    if len(conflicts) > _SHOWN:
        yield f"  and {len(conflicts) - _SHOWN} more label conflicts; the manifest flags them with label_conflict"
    types = guessed_types(found.rows) if found.parameters.get("format") == "huggingface" else {}
    if len(set(types.values())) > 1:
        kinds = ", ".join(f"{kind} in {split}" for split, kind in types.items())
        yield f"  Warning: the datasets library refuses labels that look like {kinds}; --format classes takes them."
    first = found.rows[0] if found.rows else None
    if first and first.status == "not_a_url":
        yield (
            f"  Warning: row {first.row} says {first.url[:40]!r}, which is no address: if it is a header,"
            f" begin the range at row {first.row + 1}."
        )
    addressed = [row for row in found.rows if row.status not in ("blank_cell", "not_a_url")]
    failed = [row for row in addressed if row.status not in ("ok", LEFT_OUT)]
    if addressed and len(failed) > _WORRYING_SHARE * len(addressed):
        yield (
            f"  Warning: {len(failed)} of {len(addressed)} addresses gave no picture. A later run tries the"
            " temporary failures again, one with --refresh all."
        )


def _told(rows: Sequence[ManifestRow], flag: str, what: str) -> Iterator[str]:
    if flagged := [row for row in rows if flag in row.flags]:
        yield f"  {what}: {_numbers([row.row for row in flagged])} ({flagged[0].reason})"


def lines_of_writing(found: Found) -> Iterator[str]:
    """Yield the last lines: what was written, what is left over, and what was removed."""
    figures = found.summary
    if figures["dry_run"]:
        yield "Dry run: nothing was written."
    else:
        done = f"{counted(figures['written'], 'file')} written, {figures['present']} were there already"
        yield f"{figures['output']}: {done}; {MANIFEST} lists all rows."
    if figures["altered"]:
        yield f"Replaced, as somebody changed them since they were exported: {_some(figures['altered'], _NAMED)}"
    if figures["removed"]:
        yield f"Removed {counted(len(figures['removed']), 'file')} of earlier exports: {_some(figures['removed'])}"
    if figures["kept_as_changed"]:
        yield f"Kept, as somebody changed them since they were exported: {_some(figures['kept_as_changed'])}"
    if figures["kept_as_unreadable"]:
        spared = figures["kept_as_unreadable"]
        yield f"Kept, as the rows they may be of are still there and unreadable now: {_some(spared)}"
    for path, reason in list(figures["kept_as_stuck"].items())[:_SHOWN]:
        yield f"Not removed: {path} ({reason})"
    told = {*figures["removed"], *figures["kept_as_changed"], *figures["kept_as_stuck"]}
    yield from _leftovers([path for path in figures["unowned"] if path not in told], every_one=figures["dry_run"])


def _leftovers(paths: Sequence[str], *, every_one: bool) -> Iterator[str]:
    """Yield the names of files that nobody owns, folder by folder: a trainer finds them beside the others."""
    if not paths:
        return
    yield f"{counted(len(paths), 'file')} of earlier exports belong to no row any more (--clean removes them):"
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, slash, name = path.rpartition("/")
        folders.setdefault(folder + slash, []).append(name)
    shown = len(paths) if every_one else _NAMED
    for folder, names in list(folders.items())[:shown]:
        yield f"  {folder}{_some(names, shown, f', {folder}')}"
    if len(folders) > shown:
        yield f"  and more in {len(folders) - shown} other folders; --json names all"
    yield "  Until then, whoever loads the whole folder loads them too, also on another side of a split."


def _some(paths: Sequence[str], shown: int = _SHOWN, between: str = ", ") -> str:
    return between.join(paths[:shown]) + (f" and {len(paths) - shown} more" if len(paths) > shown else "")


def _numbers(rows: Sequence[int]) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:_SHOWN]))}{more}"
