"""From what was read to what is to be written: groups, plan, and what the output folder lacks; nothing is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from errors import UsageError
from export.folder import Folder, Source, Standing
from export.grouping import Grouping, Readings, grouping_of
from export.looking import Seen
from export.manifest import LEFT_OUT
from export.memory import Memory
from export.planning import Choices, Plan, Sheet, plan, with_files_of_others
from export.remarks import changes, joined
from export.shards import Read, sums_of, writer_of
from export.writing import Progress, Writer
from hashing import DEFAULT_THRESHOLD, Arrangement, Ballot, arrange
from hashing import Progress as Comparing
from images import Picture
from report.building import contents_of
from report.result import Result


@dataclass(frozen=True, slots=True)
class Ready:
    """An export that only needs to be written: the plan, what the folder lacks, and what it will remember.

    `spared` are files without an owner whose row is still there and merely unreadable now. `source` gives what is
    to be written.
    """

    plan: Plan
    grouping: Grouping
    standing: Standing
    memory: Memory
    spared: frozenset[str]
    source: Source

    @property
    def unowned(self) -> dict[str, str]:
        """The files that no row owns any more, nor may own again, with their sha256."""
        return {path: sha256 for path, sha256 in self.standing.unowned.items() if path not in self.spared}


@dataclass(frozen=True, slots=True)
class Desk:
    """What a decision needs beside the pictures.

    `last` is the last sort of the range, None without one; `asked` are the `Result.parameters` that the command line
    names, those of the last sort hold for the others. `spared` is a file that is never overwritten: the sheet
    itself. `comparing` is told how far a comparison of the pictures is; without it, they are not compared.
    `read` gives the bytes of a content; `apart` says which pairs of the rows' contents people decided to be distinct.
    """

    sheet: Sheet
    last: Result | None
    choices: Choices
    folder: Folder
    asked: Mapping[str, Any]
    spared: Path | None
    comparing: Comparing | None
    read: Read
    apart: Callable[[Sequence[str | None]], frozenset[tuple[str, str]]]

    def decide(self, seen: Seen, progress: Progress) -> Ready:
        """Return what the folder is to hold, and what it lacks; `progress` counts the files that are checked.

        Raises `UsageError` for files of others in the way and `StateError` when the disk is too small.
        """
        grouping = self._grouping(seen.readings)
        sides_asked = self.choices.splits.names if self.choices.splits else ()
        remembered = self.folder.memory.sides_under(self.choices.rules)
        # Anybody may have edited the memory, and a side is the name of a folder.
        earlier = {content: side for content, side in remembered.items() if side in sides_asked}
        changed = changes(self.last, seen.known, self.folder.memory, seen.readings)
        remarks = joined(changed, seen.stale)
        made = plan(self.sheet, seen.readings, grouping, self.choices, remarks=remarks, earlier=earlier)
        made = with_files_of_others(made, self.folder.of_others(made.files), self.choices)
        packed = sums_of(made.shards, self.folder.memory, self.read, progress)
        files = {**made.files, **packed}
        self._spare_the_sheet([*files, *made.tables])
        standing = self.folder.standing(files, made.tables, progress)
        self.folder.refuse_without_space(row.bytes or 0 for row in made.rows if made.place(row) in standing.missing)
        tables = {path: sha256(data).hexdigest() for path, data in made.tables.items()}
        # What is there with the very bytes, and no export wrote it, belongs to others: it never becomes ours.
        ours = self.folder.memory.files.keys() | standing.missing.keys() | standing.tables.keys()
        put = {path: content for path, content in {**files, **tables}.items() if path in ours}
        sides = {row.sha256: row.split for row in made.rows if row.sha256 and row.split}
        # What is not readable today keeps its side: it may be back tomorrow.
        sources = {path: self.folder.memory.sources[path] for path in standing.unowned if self._knows(path)}
        sources |= dict.fromkeys((tables.keys() | packed.keys()) & put.keys(), "")
        sources |= {row.file: row.url for row in made.rows if row.file in put}
        before = {path: old for path, old in self.folder.memory.before.items() if path in standing.unowned}
        recipes = {shard.path: f"{shard.recipe} {packed[shard.path]}" for shard in made.shards}
        memory = Memory({**standing.unowned, **put}, {**earlier, **sides}, self.choices.rules, sources, before, recipes)
        if self.choices.splits is None:  # a run without splits says nothing about them
            memory = replace(memory, sides=self.folder.memory.sides, rules=self.folder.memory.rules)
        source = self._source(made, packed)
        return Ready(made, grouping, standing, memory, self._spared(made, standing), source)

    def _source(self, made: Plan, packed: Mapping[str, str]) -> Source:
        shards = {packed[shard.path]: shard for shard in made.shards}

        def source(content: str) -> bytes | Writer | None:
            shard = shards.get(content)
            return self.read(content) if shard is None else writer_of(shard, content, self.read)

        return source

    def _spared(self, made: Plan, standing: Standing) -> frozenset[str]:
        """Return the files without an owner whose row may be readable again tomorrow, when its server is back."""
        down = {row.url for row in made.rows if row.status not in ("ok", LEFT_OUT, "blank_cell", "not_a_url")}
        sources = self.folder.memory.sources
        return frozenset(path for path in standing.unowned if down and (not self._knows(path) or sources[path] in down))

    def _knows(self, path: str) -> bool:
        return path in self.folder.memory.sources

    def _grouping(self, readings: Readings) -> Grouping:
        shown = [readings[url] for url in self.sheet.urls]
        apart = self.apart([one.sha256 if isinstance(one, Picture) else None for one in shown])
        used = {**(self.last.parameters if self.last else {}), **self.asked}

        def arranged() -> Arrangement:
            return arrange(
                contents_of(self.sheet.urls, readings),
                Ballot(used.get("diff", DEFAULT_THRESHOLD)),
                verify=used.get("verify", True),
                orientations=used.get("orientations", ()),
                distinct_pairs=apart,
                progress=self.comparing,
            )

        compare = arranged if self.comparing else None
        return grouping_of(self.last, self.asked, self.sheet.urls, readings, compare, apart=apart)

    def _spare_the_sheet(self, paths: Iterable[str]) -> None:
        spared = self.spared.resolve() if self.spared else None
        for path in paths:
            if spared and path.endswith(spared.suffix) and (self.folder.path / path).resolve() == spared:
                raise UsageError(f"The export would overwrite the sheet {spared}.", "Name another folder with -o.")
