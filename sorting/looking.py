"""Looking at rows: what people decided of them, their pictures, the order that follows, and all that as a result."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console import arguments
from console.progress import Progress, Steps
from hashing import Arrangement, Ballot, Content, arrange
from images import FetchFailure, Picture, Settings, Store, read_pictures
from report import building
from report.decisions import settled
from report.result import Result
from reviewing import distinct
from reviewing.distinct import Pair
from reviewing.marks import Marks
from sheets.a1 import Area
from sheets.rows import Rows
from sheets.worksheet import Identity, Worksheet


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one reading of the rows came to: the rows, a result for every URL, and the arrangement.

    `labels` has what stands beside the URL of each row, where the review page is asked for, to be searched there;
    `marks` what the review columns say. `decided` are the pairs that they say are distinct, `apart` all such pairs
    of these rows, with those that were remembered.
    """

    rows: Rows
    labels: tuple[str, ...]
    marks: Marks
    readings: Mapping[str, Picture | FetchFailure]
    decided: frozenset[Pair]
    apart: frozenset[Pair]
    arrangement: Arrangement

    @property
    def order(self) -> tuple[int, ...]:
        """The order that follows: row i comes from row `order[i]`."""
        return self.arrangement.order

    @property
    def distinct(self) -> frozenset[int]:
        """The numbers of the rows that people decided to be distinct."""
        return frozenset(self.rows.first_row + i for i, kind in enumerate(self.marks.kinds) if kind == "distinct")


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How the rows of a run are looked at, again and again where others edit them meanwhile."""

    worksheet: Worksheet
    area: Area
    options: argparse.Namespace
    settings: Settings
    store: Store

    def at(self, rows: Rows, marks: Marks) -> Seen:
        """Fetch the pictures of rows and arrange them, as people decided so far."""
        labels = self._labels(rows)
        with Progress("Fetching", "pictures") as progress:
            readings = read_pictures(rows.urls, self.settings, self.store, progress.update)
        contents = building.contents_of(rows.urls, readings)
        shown = [None if content is None else content.sha256 for content in contents]
        decided = distinct.pairs_of(marks, shown)
        apart = distinct.among(decided | distinct.remembered(self.options.state), shown)
        return Seen(rows, labels, marks, readings, decided, apart, self._arranged(contents, marks, apart))

    def _arranged(self, contents: Sequence[Content | None], marks: Marks, apart: frozenset[Pair]) -> Arrangement:
        options, kinds = self.options, marks.kinds
        ballot, matching = matching_of(options)
        first = (lambda rows: settled([kinds[row] for row in rows])) if options.undecided_first else None
        with Steps({"comparing": "pictures", "verifying": "pairs"}, delay=2) as steps:
            return arrange(
                contents,
                ballot,
                **matching,
                distinct_pairs=apart,
                settled=first,
                progress=steps.update,
            )

    def _labels(self, rows: Rows) -> tuple[str, ...]:
        """Return what the cells beside the URL of each row show, for the review page; it is read for nothing else."""
        if not self.options.html or not rows or self.area.width == 1:
            return ("",) * len(rows)
        last = rows.first_row + len(rows) - 1
        beside = Area(self.area.first_column + 1, self.area.last_column, rows.first_row, last)
        return tuple(" \u00b7 ".join(filter(None, texts)) for texts in self.worksheet.texts(beside))


def matching_of(options: argparse.Namespace) -> tuple[Ballot, dict[str, Any]]:
    """Return how pictures are compared: the ballot, and what else `hashing.arrange` is told."""
    return Ballot(options.diff), {
        "verify": not options.no_verify,
        "orientations": arguments.orientations_of(options),
    }


def writes(options: argparse.Namespace) -> bool:
    """Say whether a run may write at all: into the sheet, and what later runs read of it."""
    return not (options.dry_run or options.preview or options.calibrate or options.report_sources)


def result_of(options: argparse.Namespace, identity: Identity, area: Area, seen: Seen) -> Result:
    """Return what a run saw as the value that `--json`, the export and the review read."""
    first_row = seen.rows.first_row
    found = Result(
        spreadsheet=identity.spreadsheet,
        worksheet=identity.worksheet,
        range=str(area),
        parameters={
            "diff": options.diff,
            "quorum": Ballot(options.diff).quorum,
            "verify": not options.no_verify,
            "trim": options.trim,
            "orientations": list(arguments.orientations_of(options)),
        },
        rows=building.build_rows(first_row, seen.rows.urls, seen.readings, seen.arrangement),
        groups=building.build_groups(first_row, seen.arrangement),
    )
    found.summary.update(building.summarise(found), bounded=seen.arrangement.counts.bounded)
    found.summary.update(building.summarise_decisions(found, seen.marks.kinds), kept_apart=len(seen.apart))
    return found
