"""One sort, or one undo, of a Google tab under faults and other people's edits, and the check of what is left.

Every row is known by its label (`lab07`), which was read with its address at the start. A `Ledger` notes what
labelers did. Afterwards each address must still stand beside its label, each typed word on the row it was typed
on, and the addresses in the old order or the new one.
"""

import random
import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from errors import CurationError, SheetChanged, Unsortable
from sheets.a1 import parse
from sheets.google import GoogleWorksheet
from sheets.rows import Rows, Scope
from sheets.undo import UndoFile
from sheets.worksheet import Move
from tests.contract.google_bench import Hours, opened
from tests.google.labeler import Labeler
from tests.google.server import StandIn
from tests.google.state import State

HEADER = ["n", "url", "label", "by", "", "", ""]
LETTERS = "ABCDEFGHIJKLMNOP"
ATTEMPTS = 3
FAULTS = ("latency", "429", "500", "500-quota", "503", "502-html", "reset", "time-out", "broken-body")
# How the tab is laid out for each scope: the area, and the columns that hold something about the picture.
LAYOUTS = {
    Scope.RANGE: ("B2:C", 3),
    Scope.RANGE_ONLY: ("B2:C", 3),
    Scope.WHOLE_ROWS: ("B2:C", 4),
}


def wanted_order(rows: Rows) -> tuple[int, ...]:
    """An order that depends on content alone, like the real one: blank addresses last, in sheet order."""
    known = [url.startswith("https:") for url in rows.urls]
    return tuple(sorted(range(len(rows)), key=lambda i: (not known[i], key_of(rows.urls[i]) if known[i] else 0)))


def key_of(url: str) -> int:
    """A number without any likeness to the present order."""
    return zlib.crc32(url.encode())


@dataclass
class Ledger:
    """What labelers did: words by (column title, row's label), addresses retyped, rows and columns that went."""

    urls: dict[str, str]
    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    free_words: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    overtyped: set[tuple[str, str]] = field(default_factory=set)
    orders: list[list[str]] = field(default_factory=list)
    columns: int = len(HEADER)
    log: list[str] = field(default_factory=list)
    edits: int = 0
    landed: bool = False  # a sort was applied whose order is not the planned one, and the run was told so
    later: list[str] | None = None  # the order of somebody who sorted by hand after the run had landed


@dataclass
class Outcome:
    """How a run ended, and what was wrong with what it left (nothing, always)."""

    kind: str
    order: str
    wrong: list[str]
    story: str


class Scene:
    """A tab with n pictures in the stand-in, and a labeler who keeps a ledger."""

    def __init__(self, google: StandIn, scope: Scope, n: int, rng: random.Random) -> None:
        self.google, self.scope, self.rng = google, scope, rng
        self.area, filled = LAYOUTS[scope]
        labels = [f"lab{i:02d}" for i in range(n)]
        urls = [f"https://pics.example/{rng.randrange(10**9)}.jpg" for _ in labels]
        rows = [
            [i + 1, url, label, f"by{label}" if filled > 3 else None]
            for i, (url, label) in enumerate(zip(urls, labels, strict=True))
        ]
        self.key = google.add_spreadsheet("Fire", {"Tab": [HEADER[:filled], *rows]})
        self.hands = google.labeler(self.key)
        self.hands.do(
            {
                "updateSheetProperties": {
                    "properties": {"sheetId": 0, "gridProperties": {"rowCount": n + 12, "columnCount": len(HEADER)}},
                    "fields": "gridProperties(rowCount,columnCount)",
                }
            }
        )
        self.ledger = Ledger(dict(zip(labels, urls, strict=True)))
        self.ledger.orders.append(self.labels())

    def cells(self) -> list[list[Any]]:
        """Return all cells, padded to one width."""
        rows = self.hands.rows()
        width = max((len(row) for row in rows), default=0)
        return [[*row, *[None] * (width - len(row))] for row in rows]

    def column(self, title: str) -> int | None:
        """Return where the column of a title stands now."""
        header = self.cells()[0]
        return header.index(title) if title in header else None

    def labels(self) -> list[str]:
        """Return the labels of the rows from top to bottom by their addresses, which is the order of the tab."""
        named = {url: label for label, url in self.ledger.urls.items()}
        at = self.column("url")
        return [] if at is None else [named[row[at]] for row in self.cells()[1:] if row[at] in named]

    def edited(self, edit: Callable[["Scene"], None]) -> None:
        """Let a labeler edit, unless a sort of wrong columns is just being taken back.

        In that blink no cell says which row it means; a test of its own shows what a run says of such an edit.
        """
        if self.whole():
            self.ledger.edits += 1
            edit(self)

    def told(self, line: str) -> None:
        """Take note of what the run says; a cell that it asks people to look at needs no other proof."""
        self.ledger.log.append(line)
        for column, row in re.findall(r"([A-Z])([0-9]+)(?=[^a-z]*: look whether)", line):
            word = self.cells()[int(row) - 1][LETTERS.index(column)]
            if self.ledger.words.pop(str(word), None) is not None:
                self.ledger.free_words.add(str(word))

    def whole(self) -> bool:
        """Say whether every address stands beside its label at this moment."""
        return not self.mixed_rows()

    def mixed_rows(self) -> list[str]:
        """Name the rows whose parts have come apart."""
        url_at = self.column("url")
        if url_at is None:
            return []
        parts = [(title, at) for title in ("label", "by") if (at := self.column(title)) is not None]
        rows = {row[url_at]: row for row in self.cells()[1:] if row[url_at]}
        wrong = []
        for label, url in self.ledger.urls.items():
            for title, at in parts:
                if label not in self.ledger.gone and (title, label) not in self.ledger.overtyped:
                    due = label if title == "label" else f"by{label}"
                    if url not in rows or rows[url][at] != due:
                        wrong.append(f"{label}: {title} is {rows[url][at] if url in rows else 'gone with its row'!r}")
        return wrong


def typing(scene: Scene, title: str | None) -> None:
    """Type a word over the label of a row, or into a blank cell beside everything (title None)."""
    url_at, ledger = scene.column("url"), scene.ledger
    if url_at is None:
        return
    named = {url: label for label, url in ledger.urls.items()}
    cells = scene.cells()
    places = [i for i, row in enumerate(cells) if row[url_at] in named]
    at = scene.column(title) if title else len(cells[0])
    if not places or at is None or at >= ledger.columns:
        return
    row = scene.rng.choice(places)
    label, word = named[cells[row][url_at]], f"word{scene.rng.randrange(10**6)}"
    if title or scene.scope is not Scope.RANGE_ONLY:
        ledger.words[word] = (title or "", label)
    else:  # no row to keep to: --range-only parts it from its row knowingly
        ledger.free_words.add(word)
    if title:
        # A word typed over another replaces it: that is the labeler's wish, not a loss.
        for old in [w for w, at_ in ledger.words.items() if at_ == (title, label)]:
            if old != word:
                del ledger.words[old]
        ledger.free_words -= {str(cells[row][at])}
        ledger.overtyped.add((title, label))
    scene.hands.type(f"{LETTERS[at]}{row + 1}", word)
    ledger.log.append(f"types {word} into {LETTERS[at]}{row + 1} of {label}")


def retype_address(scene: Scene) -> None:
    """Correct an address."""
    at, ledger = scene.column("url"), scene.ledger
    if at is None:
        return
    cells, named = scene.cells(), {url: label for label, url in scene.ledger.urls.items()}
    row = scene.rng.choice([i for i, found in enumerate(cells) if found[at] in named])
    label = named[cells[row][at]]
    ledger.urls[label] = f"https://new.example/{scene.rng.randrange(10**9)}.jpg"
    scene.hands.type(f"{LETTERS[at]}{row + 1}", ledger.urls[label])
    ledger.log.append(f"retypes the address of {label}")


def insert_row(scene: Scene) -> None:
    """Insert one to three blank rows."""
    row, count = scene.rng.randrange(2, 2 + len(scene.ledger.urls)), scene.rng.randrange(1, 4)
    scene.hands.insert_rows(row, count)
    scene.ledger.log.append(f"inserts {count} rows before {row}")


def delete_row(scene: Scene) -> None:
    """Delete a row."""
    at, ledger = scene.column("url"), scene.ledger
    if at is None:
        return
    cells, named = scene.cells(), {url: label for label, url in ledger.urls.items()}
    row = scene.rng.choice([i for i, found in enumerate(cells) if found[at] in named])
    label = named[cells[row][at]]
    ledger.gone.add(label)
    for word in [w for w, (_, owner) in ledger.words.items() if owner == label]:
        del ledger.words[word]
    ledger.free_words -= {str(cell) for cell in cells[row]}
    scene.hands.delete_rows(row + 1)
    ledger.log.append(f"deletes the row of {label}")


def insert_column(scene: Scene) -> None:
    """Insert a column."""
    at = scene.rng.randrange(1, 6)
    scene.hands.insert_columns(at)
    scene.ledger.columns += 1
    scene.ledger.log.append(f"inserts a column before {at}")


def delete_column(scene: Scene) -> None:
    """Delete a column: often a blank one, sometimes one that holds something."""
    at = scene.rng.randrange(1, 6)
    cells = scene.cells()
    title = cells[0][at - 1] if at <= len(cells[0]) else None
    if title == "url":  # without its addresses the tab has nothing to sort or to check
        return
    for word, (_, label) in list(scene.ledger.words.items()):
        if any(len(row) >= at and row[at - 1] == word for row in cells):
            del scene.ledger.words[word]
            scene.ledger.overtyped.add((str(title), label))
    scene.ledger.free_words -= {str(row[at - 1]) for row in cells if len(row) >= at}
    scene.hands.delete_columns(at)
    scene.ledger.columns -= 1
    scene.ledger.log.append(f"deletes column {at} ({title})")


def move_column(scene: Scene) -> None:
    """Drag a column somewhere else; the width of the tab stays the same."""
    source, target = scene.rng.sample(range(1, 6), 2)
    scene.hands.move_column(source, target)
    scene.ledger.log.append(f"drags column {source} to {target}")


def hide(scene: Scene) -> None:
    """Hide some rows, by hand or by a filter."""
    n = len(scene.ledger.urls)
    first, by_filter = scene.rng.randrange(2, n), scene.rng.random() < 0.5
    scene.hands.hide_rows(first, scene.rng.randrange(1, 4), by_filter=by_filter)
    scene.ledger.log.append(f"hides rows from {first}")


def sort_by_hand(scene: Scene) -> None:
    """Sort whole rows by a column of the tab, in the browser."""
    right = LETTERS[scene.ledger.columns - 1]
    column = scene.rng.randrange(1, 4)
    before = scene.labels()
    scene.hands.sort(f"A2:{right}{len(scene.cells()) + 1}", column, descending=scene.rng.random() < 0.5)
    scene.ledger.orders.append(scene.labels())
    if before == sorted(before, key=lambda label: key_of(scene.ledger.urls[label])):
        scene.ledger.later = scene.labels()
    scene.ledger.log.append(f"sorts by column {column}")


EDITS: dict[str, Callable[[Scene], None]] = {
    "type a label": lambda scene: typing(scene, "label"),
    "type beside": lambda scene: typing(scene, None),
    "retype an address": retype_address,
    "insert rows": insert_row,
    "delete a row": delete_row,
    "insert a column": insert_column,
    "delete a column": delete_column,
    "move a column": move_column,
    "hide rows": hide,
    "sort by hand": sort_by_hand,
}


def sort(worksheet: GoogleWorksheet, scene: Scene) -> tuple[str, UndoFile | None]:
    """Sort as the command does: read, order, reorder; start over when the rows changed."""
    area = parse(scene.area)
    for attempt in range(1, ATTEMPTS + 1):
        rows = worksheet.read(area, scene.scope)
        if rows.obstacles:
            raise Unsortable(rows.obstacles[0].what, rows.obstacles[0].hint)
        order = wanted_order(rows)
        if list(order) == sorted(order):
            return "sorted already" if any(url.startswith("https:") for url in rows.urls) else "no addresses", None
        move = Move(area, scene.scope, rows, order, f"run{scene.rng.randrange(10**9)}")
        try:
            scene.told(worksheet.reorder(move))
            return "sorted", UndoFile.of(worksheet.identity, move)
        except SheetChanged as change:
            scene.ledger.landed |= change.landed
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def take_back(worksheet: GoogleWorksheet, scene: Scene, undo: UndoFile) -> str:
    """Undo as the command does: rows are found by their address, whatever happened since."""
    for attempt in range(1, ATTEMPTS + 1):
        rows = worksheet.read(undo.area, undo.scope, at_least=len(undo.urls_before))
        if rows.obstacles:
            raise Unsortable(rows.obstacles[0].what, rows.obstacles[0].hint)
        order = undo.order_back(rows)
        if list(order) == sorted(order):
            return "undone already"
        try:
            move = Move(undo.area, undo.scope, rows, order, f"run{scene.rng.randrange(10**9)}")
            scene.told(worksheet.reorder(move))
        except SheetChanged as change:
            scene.ledger.landed |= change.landed
            if attempt == ATTEMPTS:
                raise
        else:
            return "undone"
    raise AssertionError("unreachable")


def ended(scene: Scene, act: Callable[[], str], hours: Hours, target: list[str], bound: float) -> Outcome:
    """Carry out one run, and compare what is left with the ledger."""
    started = hours.waited
    try:
        kind = act()
    except CurationError as error:
        kind = type(error).__name__ + (" after landing" if scene.ledger.landed else "")
        kind += " that may mix" if "may be mixed" in error.hint or "not certain that every" in error.what else ""
        kind += " that leaves it open" if "not known whether" in error.what else ""
        assert error.what
        assert error.hint
        scene.ledger.log.append(f"-> {error.what} | {error.hint}")
    scene.google.faults.clear()
    order, wrong = _check(scene, kind, target)
    if hours.waited - started > bound:
        wrong.append(f"it waited {hours.waited - started:.0f} s")
    return Outcome(kind, order, wrong, "; ".join(scene.ledger.log))


def _check(scene: Scene, kind: str, target: list[str]) -> tuple[str, list[str]]:
    ledger = scene.ledger
    wrong = [] if "may mix" in kind else scene.mixed_rows()
    wrong += ([] if "may mix" in kind else _words(scene)) + _debris(scene)
    # An undo finds rows by address; one that was retyped is found only as long as no row came or went.
    out = ledger.gone | ({label for label, url in ledger.urls.items() if "new." in url} if "undo" in kind else set())
    order = [label for label in scene.labels() if label not in out]
    kept = [[label for label in old if label not in out] for old in ledger.orders]
    new = [label for label in target if label not in out]
    by_content = sorted(order, key=lambda label: key_of(ledger.urls[label]))
    names = {
        "old": order in kept,
        "new": order in (new, by_content) or order == ledger.later,
    }
    found = "/".join(name for name, fits in names.items() if fits) or "other"
    if kind in ("sorted", "sorted already") and "new" not in found and ledger.edits < 2:
        wrong.append(f"said {kind}, but the order is {found}")
    # "Unsortable after landing" and its like say that an earlier attempt was written; they are no member of this.
    if kind in ("Unsortable", "NotFound", "UsageError", "SheetChanged") and "old" not in found:
        wrong.append(f"said {kind}, but the order is {found}")
    # A run that loses Google for good over a tab edited under it can only say so; two edits may cost the order.
    told = any(words in kind for words in ("after landing", "may mix", "leaves it open"))
    if found == "other" and not told and ledger.edits < 2:
        wrong.append("the order is neither the old nor the new one")
    return found, wrong


def _words(scene: Scene) -> list[str]:
    url_at = scene.column("url")
    cells = scene.cells()
    count = Counter(cell for row in cells for cell in row if isinstance(cell, str) and cell.startswith("word"))
    wrong = [
        f"{word} is there {count[word]} times"
        for word in (*scene.ledger.words, *scene.ledger.free_words)
        if count[word] != 1
    ]
    for word, (_, label) in scene.ledger.words.items():
        rows = [row for row in cells if word in row]
        if url_at is not None and rows and rows[0][url_at] != scene.ledger.urls[label]:
            wrong.append(f"{word} was typed on the row of {label} and is on another")
    return wrong


def _debris(scene: Scene) -> list[str]:
    wrong = []
    if scene.hands.sheet.column_count != scene.ledger.columns:
        wrong.append(f"the tab has {scene.hands.sheet.column_count} columns instead of {scene.ledger.columns}")
    if any(isinstance(cell, str) and cell.startswith("zx") for row in scene.cells() for cell in row):
        wrong.append("ranks were left behind")
    return wrong


def one(google: StandIn, seed: int, *, undo: bool) -> tuple[Outcome, str, str]:
    """Play one run: a random fault at a random request, up to two edits between any two; return what happened."""
    rng = random.Random(seed)  # noqa: S311 # a reproducible scene, not a secret
    scene = Scene(google, rng.choice(list(LAYOUTS)), rng.randrange(8, 16), rng)
    hours = Hours()
    patience = hours.patience(0.4)
    saved: UndoFile | None = None
    if undo:
        _, saved = sort(opened(google, scene.key, patience=patience), scene)
        assert saved is not None
        target = list(scene.ledger.orders[0])
        scene.ledger.orders[:] = [scene.labels()]
    else:
        target = sorted(scene.labels(), key=lambda label: key_of(scene.ledger.urls[label]))
    fault = _plan_fault(google, rng)
    edits = _plan_edits(scene, rng, undo=undo)

    def act() -> str:
        worksheet = opened(google, scene.key, patience=patience)
        return sort(worksheet, scene)[0] if saved is None else take_back(worksheet, scene, saved)

    outcome = ended(scene, act, hours, target, bound=3 * patience.total)
    return outcome, fault, edits


def _plan_fault(google: StandIn, rng: random.Random) -> str:
    if rng.random() < 0.15:
        return "none"
    kind = rng.choice(FAULTS)
    permanent = rng.random() < 0.1 and kind not in ("latency", "time-out")
    after = rng.random() < 0.5 and kind != "429"  # which says that nothing was done
    # Half of the faults hit a write: mostly the second one, which moves, and whose outcome has to be found out.
    method, nth = ("POST", rng.choice((1, 2, 2, 2))) if rng.random() < 0.5 else ("", rng.randrange(1, 11))
    google.faults.add(
        kind,
        nth=nth,
        times=10**9 if permanent else rng.choice((1, 1, 1, 2, 3)),
        after=after,
        method=method,
        match="batchUpdate" if method else "",
        seconds=0.01 if kind == "latency" else 0.6,
        retry_after=rng.choice((None, 2, 30)),
    )
    return f"{kind}{' for ever' if permanent else ''}"


def _plan_edits(scene: Scene, rng: random.Random, *, undo: bool) -> str:
    names = rng.choices(list(EDITS), k=rng.choice((0, 1, 1, 1, 2)))
    for name in names:
        edit = EDITS[name]
        # Most edits come just before a write, into the moment that no reading covers.
        # An undo, and --range-only, take the columns that the range names at their first look, whatever they are.
        late = "column" in name and (undo or scene.scope is Scope.RANGE_ONLY)
        method = "POST" if late or rng.random() < 0.6 else ""
        # The first write only marks the columns; the second one moves, a third one takes back.
        nth = rng.choice((2, 2, 3) if late else (1, 2, 2, 2, 3)) if method else rng.randrange(1, 10)
        scene.google.before_request(nth, partial(_edit_now, scene, edit), match=scene.key, method=method)
    return " and ".join(names) or "none"


def _edit_now(scene: Scene, edit: Callable[[Scene], None], _state: State) -> None:
    scene.edited(edit)


__all__ = ["EDITS", "FAULTS", "Labeler", "Outcome", "Scene", "one", "sort", "take_back", "wanted_order"]
