"""Decide what an export holds: which rows get a file, on which side, in which folder, under which name. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from export.choosing import Wanted, chosen, waiting
from export.grouping import Grouping, Readings
from export.layouts import UNLABELLED, Layout, classes_of
from export.manifest import MANIFEST, MANIFEST_LINES, WAS_THERE, ManifestRow, to_csv, to_jsonl
from export.names import distinct, extension_of, folders_of, numbered, safe_name, without_extension
from export.remarks import Remarks
from export.shards import Shard, shards_of
from export.splits import Moved, Sides, Splits, sides_of
from images import FetchFailure, Picture

UNSPLIT: Final = "data"
"""How shards begin where there are no splits."""
NUMBER_DIGITS: Final = 6
"""Of a file's number at least, so that a sheet that grows keeps its names up to a million rows."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows as they were read: `labels` and `names` are the cells of the columns that were asked for, or None.

    `decisions` is what people decided of each row, "" for nothing; empty where nobody decided anything.
    """

    first_row: int
    urls: tuple[str, ...]
    labels: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    decisions: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """What was decided, one entry a row."""
        return self.decisions or ("",) * len(self.urls)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line asks for: `by_hash` names files by sha256, `wanted` says which rows get one.

    `per_shard` is how many pictures a shard holds at most.
    """

    layout: Layout
    by_hash: bool = False
    wanted: Wanted = Wanted()  # noqa: RUF009 - a frozen value
    splits: Splits | None = None
    by_block: bool = False
    jsonl: bool = False
    per_shard: int = 1000

    @property
    def rules(self) -> str:
        """Say by what contents get their side, so that sides decided by other rules are not taken for ours."""
        return f"{self.splits} by {'block' if self.by_block else 'family'}" if self.splits else ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A group whose members have different labels: the label and the row number of each member that has one."""

    group: int
    labels: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the folder holds afterwards: `files` are the pictures' sha256 by path, `tables` the other files.

    Where pictures are in `shards`, there are no `files`. `waiting` are the groups that people are not done with, as
    row numbers.
    """

    rows: tuple[ManifestRow, ...]
    files: dict[str, str]
    tables: dict[str, bytes]
    conflicts: tuple[Conflict, ...]
    moved: tuple[Moved, ...]
    waiting: tuple[tuple[int, ...], ...]
    shards: tuple[Shard, ...] = ()

    def place(self, row: ManifestRow) -> str | None:
        """Return the path of the file on the disk that holds the picture of a row."""
        return row.file.partition("/")[0] if self.shards and row.file else row.file


def plan(  # noqa: PLR0913 - what was read, how it belongs together, what is asked for, and two memories
    sheet: Sheet,
    readings: Readings,
    grouping: Grouping,
    choices: Choices,
    *,
    remarks: Remarks | None = None,
    earlier: Mapping[str, str] | None = None,
) -> Plan:
    """Return the manifest rows and files of an export; `earlier` gives the side of contents exported before.

    It depends on its arguments alone: not on what the output folder holds. Raises `Undecided` where that is asked for.
    """
    conflicts = _conflicts(sheet, grouping)
    bare = _bare_rows(sheet, readings, grouping, remarks or {}, conflicts)
    sides = _sides(bare, choices, earlier or {})
    sided = [replace(row, split=side) for row, side in zip(bare, sides.of, strict=True)]
    kept = chosen(sided, sheet.kinds, choices.wanted)
    folders = folders_of(sheet.labels or (), UNLABELLED) if choices.layout.by_label else {}
    rows = _with_files(kept, sheet, choices, folders)
    held = [(row.file, row) for row in rows if row.file and row.sha256]
    tables = _tables(rows, choices)
    unsettled = waiting(bare, sheet.kinds)
    if choices.layout.shard:
        shards = shards_of(((file.partition("/")[0], row) for file, row in held), classes_of(rows))
        return Plan(rows, {}, tables, conflicts, sides.moved, unsettled, shards)
    files = {file: str(row.sha256) for file, row in held}
    return Plan(rows, files, tables, conflicts, sides.moved, unsettled)


def with_files_of_others(made: Plan, others: Collection[str], choices: Choices) -> Plan:
    """Return the plan with a flag on the rows whose file is somebody else's: whoever reads the manifest knows that."""
    if not others:
        return made
    rows = tuple(replace(row, flags=(*row.flags, WAS_THERE)) if row.file in others else row for row in made.rows)
    return replace(made, rows=rows, tables=_tables(rows, choices))


def _tables(rows: Sequence[ManifestRow], choices: Choices) -> dict[str, bytes]:
    tables = {**choices.layout.tables(rows), MANIFEST: to_csv(rows)}
    if choices.jsonl:
        tables[MANIFEST_LINES] = to_jsonl(rows)
    return tables


def _bare_rows(
    sheet: Sheet,
    readings: Readings,
    grouping: Grouping,
    remarks: Remarks,
    conflicts: Sequence[Conflict],
) -> list[ManifestRow]:
    disputed = {conflict.group for conflict in conflicts}
    rows = []
    for i, url in enumerate(sheet.urls):
        told = remarks.get(url, ())
        flags = tuple(remark.flag for remark in told) + ("label_conflict",) * (grouping.group[i] in disputed)
        reason = " ".join(remark.reason for remark in told) or None
        label = sheet.labels[i] if sheet.labels else None
        row = replace(_of_reading(sheet.first_row + i, readings[url]), url=url, label=label)
        rows.append(
            replace(
                row,
                reason=row.reason or reason,
                group=grouping.group[i],
                family=grouping.family[i],
                block=grouping.block[i],
                representative=grouping.representative[i],
                flags=(*row.flags, *flags),
            )
        )
    return rows


def _of_reading(number: int, reading: Picture | FetchFailure) -> ManifestRow:
    """Return what the manifest says of a picture, or of its failure."""
    blank = ManifestRow(number, reading.url, reading.final_url)
    match reading:
        case FetchFailure():
            return replace(blank, status=reading.status, reason=reading.reason)
        case Picture():
            return replace(
                blank,
                sha256=reading.sha256,
                format=reading.format,
                width=reading.width,
                height=reading.height,
                bytes=reading.bytes,
                flags=reading.flags,
            )


def _conflicts(sheet: Sheet, grouping: Grouping) -> tuple[Conflict, ...]:
    labelled: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for i, (group, label) in enumerate(zip(grouping.group, sheet.labels or (), strict=False)):
        if group is not None and label:
            labelled[group].append((sheet.first_row + i, label))
    return tuple(
        Conflict(group, tuple(labels))
        for group, labels in sorted(labelled.items())
        if len({label for _, label in labels}) > 1
    )


def _sides(rows: Sequence[ManifestRow], choices: Choices, earlier: Mapping[str, str]) -> Sides:
    if choices.splits is None:
        return Sides((None,) * len(rows), ())
    together = [row.block if choices.by_block else row.family for row in rows]
    return sides_of([row.sha256 for row in rows], together, choices.splits, earlier)


def _with_files(
    rows: Sequence[ManifestRow], sheet: Sheet, choices: Choices, folders: Mapping[str, str]
) -> tuple[ManifestRow, ...]:
    places = [i for i, row in enumerate(rows) if row.status == "ok"]
    digits = max(NUMBER_DIGITS, len(str(len(rows))))
    stems = [_stem(i, rows[i], sheet, choices, digits) for i in places]
    if choices.layout.shard:
        return _in_shards(rows, places, stems, choices)
    parents = [choices.layout.folder(rows[i], folders) for i in places]
    wanted = [parent + stem for parent, stem in zip(parents, stems, strict=True)]
    unique = _unique(wanted, [rows[i] for i in places], choices)
    done = list(rows)
    for i, path in zip(places, unique, strict=True):
        done[i] = replace(rows[i], file=path + extension_of(rows[i].format or ""))
    return tuple(done)


def _unique(wanted: Sequence[str], rows: Sequence[ManifestRow], choices: Choices) -> list[str]:
    if choices.by_hash:  # rows of one name have one content: which of them has which file is all the same
        return numbered(wanted)
    # A name from a column that other rows have too gets the content's first digits behind it, then a number.
    return distinct(wanted, lambda k: f"{wanted[k]}-{(rows[k].sha256 or '')[:8]}")


def _in_shards(
    rows: Sequence[ManifestRow], places: Sequence[int], stems: Sequence[str], choices: Choices
) -> tuple[ManifestRow, ...]:
    """Fill shard after shard of each split; a name has no dot, as a sample of WebDataset ends at the first one."""
    splits = [rows[i].split or UNSPLIT for i in places]
    wanted = [f"{split}/{stem.replace('.', '-')}" for split, stem in zip(splits, stems, strict=True)]
    unique = _unique(wanted, [rows[i] for i in places], choices)
    counts: Counter[str] = Counter()
    done = list(rows)
    for i, split, name in zip(places, splits, unique, strict=True):
        shard = f"{split}-{counts[split] // choices.per_shard:06}{choices.layout.shard}"
        counts[split] += 1
        done[i] = replace(rows[i], file=f"{shard}/{name.partition('/')[2]}{extension_of(rows[i].format or '')}")
    return tuple(done)


def _stem(i: int, row: ManifestRow, sheet: Sheet, choices: Choices, digits: int) -> str:
    number = f"{i + 1:0{digits}}"
    if sheet.names is not None:
        return safe_name(without_extension(sheet.names[i]), blank=f"row-{number}")
    return str(row.sha256) if choices.by_hash else number
