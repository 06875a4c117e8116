"""Rows and pictures for tests of an export, without any picture."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from export.choosing import Wanted
from export.grouping import Grouping
from export.layouts import LAYOUTS
from export.planning import Choices, Plan, Sheet, plan
from export.remarks import Remark
from hashing import Fingerprint
from images import FetchFailure, Picture

_PRINT = Fingerprint(
    np.zeros(3, np.uint64), np.zeros((64, 64), np.uint8), np.zeros((16, 16, 3), np.uint8), False, False, b""
)


def picture(url: str, content: str | None = None, kind: str = "JPEG", flags: tuple[str, ...] = ()) -> Picture:
    """Return a picture whose content is named by a text, by default its URL's."""
    sha256 = hashlib.sha256((content or url).encode("utf-8", "replace")).hexdigest()
    return Picture(url, url, sha256, 100, kind, 4, 3, _PRINT, flags)


def failure(url: str, status: str = "http_error") -> FetchFailure:
    """Return why there is no picture."""
    return FetchFailure(url, status, "The server answered 404.")


def grouping(
    groups: Sequence[int | None], keepers: Sequence[int] = (), families: Sequence[int | None] = ()
) -> Grouping:
    """Return groups by number; `keepers` are their representatives' rows, families are the groups if not given."""
    numbers = tuple(groups)
    kept = tuple(None if group is None else i in keepers for i, group in enumerate(numbers))
    return Grouping(numbers, tuple(families) or numbers, tuple(families) or numbers, kept, "made for a test")


def planned(
    readings: Sequence[Picture | FetchFailure],
    *,
    groups: Grouping | None = None,
    labels: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    layout: str = "plain",
    earlier: Mapping[str, str] | None = None,
    changed: Sequence[str] = (),
    decisions: Sequence[str] = (),
    wanted: Wanted | None = None,
    **choices: Any,
) -> Plan:
    """Return the plan of rows from row 2 on."""
    sheet = Sheet(
        2,
        tuple(reading.url for reading in readings),
        None if labels is None else tuple(labels),
        None if names is None else tuple(names),
        tuple(decisions),
    )
    return plan(
        sheet,
        {reading.url: reading for reading in readings},
        groups or grouping([None] * len(readings)),
        Choices(LAYOUTS[layout], wanted=wanted or Wanted(), **choices),
        remarks={url: (Remark("changed", "It is another one."),) for url in changed},
        earlier=earlier,
    )


def files(made: Plan) -> list[str]:
    """Return the paths of the rows that have a file, in sheet order."""
    return [row.file for row in made.rows if row.file]
