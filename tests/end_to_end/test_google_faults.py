"""Our adapter under fire: faults, outages, other runs, and labelers who edit between any two requests.

`FIRE_RUNS=1000 python -m pytest -s tests/end_to_end/test_google_faults.py` plays a thousand sorts and a thousand
undos and prints runs, faults and outcomes; without the variable a smaller number keeps the suite quick.
"""

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from errors import CurationError, ServiceFailed, SheetChanged, Unsortable
from sheets.a1 import parse
from sheets.google import GoogleWorksheet
from sheets.google.client import Patience, Refused
from sheets.google.guard import KEY as MARK
from sheets.google.stamps import KEY
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.contract.google_bench import Hours, opened
from tests.end_to_end import fire
from tests.google import metadata_requests
from tests.google.batch import KINDS
from tests.google.model import Json
from tests.google.server import StandIn
from tests.google.task import Task

RUNS = int(os.environ.get("FIRE_RUNS", "40"))
AREA = parse("B2:C")
URLS = [f"https://pics.example/{i:02d}.jpg" for i in range(10)]
ORDER = (4, 9, 1, 7, 0, 3, 8, 2, 6, 5)
# The first batch of a run only marks the columns.
MOVING = 2


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as served:
        yield served


def tab(google: StandIn, *, rows: int = 10) -> str:
    """Return the key of a tab: row numbers in A, addresses in B, labels in C, nothing in D to F."""
    cells: list[list[object]] = [["n", "url", "label"], *([i + 1, URLS[i], f"lab{i}"] for i in range(rows))]
    return google.add_spreadsheet("Foods", {"Tab": cells})


def columns(google: StandIn, key: str, *which: int) -> list[list[object]]:
    rows = google.labeler(key).rows()[1:]
    return [[row[at] if at < len(row) else None for at in which] for row in rows]


def stamps(google: StandIn, key: str) -> list[str]:
    book = google.state.files[key].book
    assert book is not None
    return [str(entry["metadataValue"]) for entry in book.metadata.values() if entry["metadataKey"] == KEY]


def planned(worksheet: GoogleWorksheet, scope: Scope = Scope.RANGE, run: str = "run") -> Move:
    return Move(AREA, scope, worksheet.read(AREA, scope), ORDER, run)


OLD = [[url, f"lab{i}"] for i, url in enumerate(URLS)]
NEW = [OLD[i] for i in ORDER]


@pytest.mark.parametrize("undo", [False, True], ids=["sort", "undo"])
def test_a_tab_under_fire_ends_in_the_old_order_or_the_new_and_never_in_a_mix(undo: bool) -> None:
    """No word is lost or on another row, nothing is applied twice, no outage lasts longer than its bound."""
    faults: Counter[str] = Counter()
    edits: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    wrong = []
    for seed in range(RUNS):
        if seed % 50 == 0:
            served = StandIn().__enter__()
        outcome, fault, edit = fire.one(served, seed + 10**6 * undo, undo=undo)
        faults[fault] += 1
        edits.update(edit.split(" and "))
        outcomes[f"{outcome.kind}: {outcome.order} order"] += 1
        if "may mix" in outcome.kind and " and " not in edit:
            outcome.wrong.append("one edit alone must never leave a tab that may be mixed")
        wrong += [f"seed {seed}, fault {fault}, edits {edit}: {line} [{outcome.story}]" for line in outcome.wrong]
        if seed % 50 == 49 or seed == RUNS - 1:
            served.__exit__(None, None, None)
    print(f"\n{RUNS} runs of {'undo' if undo else 'sort'} under fire")
    for title, counted in (("faults", faults), ("edits", edits), ("outcomes", outcomes)):
        print(f"  {title}: " + ", ".join(f"{name} {count}" for name, count in counted.most_common()))
    assert wrong == []


@pytest.mark.parametrize("kind", ["503", "500", "502-html", "reset", "429", "broken-body"])
@pytest.mark.parametrize("nth", [1, 2, 4, 6, 7])
def test_a_permanent_outage_ends_within_its_bound_with_a_clear_message(google: StandIn, kind: str, nth: int) -> None:
    hours, key = Hours(), tab(google)
    google.faults.add(kind, nth=nth, times=10**9)
    with pytest.raises(ServiceFailed) as caught:
        worksheet = opened(google, key, patience=hours.patience())
        worksheet.reorder(planned(worksheet))
    assert 0 < hours.waited <= 600
    assert caught.value.hint
    assert columns(google, key, 1, 2) == OLD


@pytest.mark.parametrize("kind", ["503", "500", "502-html", "reset", "broken-body", "500-quota", "time-out"])
def test_a_write_whose_answer_is_lost_is_applied_once(google: StandIn, kind: str) -> None:
    key = tab(google)
    worksheet = opened(google, key, patience=Hours().patience(0.4))
    move = planned(worksheet)
    google.faults.add(kind, nth=MOVING, method="POST", match="batchUpdate", after=True, seconds=0.6)
    worksheet.reorder(move)
    assert columns(google, key, 1, 2) == NEW
    assert worksheet.landed("run") is True
    assert len(stamps(google, key)) == 1


def test_before_giving_up_the_id_is_taken_so_that_no_late_request_can_land(google: StandIn) -> None:
    key = tab(google)
    worksheet = opened(google, key)
    move = planned(worksheet)
    google.faults.add("reset", nth=MOVING, method="POST", match="batchUpdate", times=3)
    with pytest.raises(ServiceFailed, match="three attempts") as caught:
        worksheet.reorder(move)
    assert "no late request" in caught.value.hint
    assert worksheet.landed("run") is False
    late = next(logged for logged in google.requests if "sortRange" in logged.body)
    assert refused_again(google, key, late.body)
    assert columns(google, key, 1, 2) == OLD


def refused_again(google: StandIn, key: str, sent: str) -> bool:
    """Deliver a body that was sent before once more, as a slow network does, and say whether it is refused."""
    worksheet = opened(google, key)
    outcome = worksheet._service.send(key, json.loads(sent), "replies")
    return isinstance(outcome, Refused) and outcome.refusal.stamp_exists


def test_a_batch_that_arrives_twice_is_applied_once(google: StandIn) -> None:
    key = tab(google)
    worksheet = opened(google, key)
    worksheet.reorder(planned(worksheet))
    assert refused_again(google, key, next(entry.body for entry in google.requests if "sortRange" in entry.body))
    assert columns(google, key, 1, 2) == NEW


def test_an_unreachable_google_after_the_write_says_that_the_outcome_is_open(google: StandIn) -> None:
    key, hours = tab(google), Hours()
    worksheet = opened(google, key, patience=hours.patience())
    move = planned(worksheet)
    google.faults.add("reset", nth=MOVING, method="POST", match="batchUpdate", after=True, times=10**9)

    def cut(_state: object) -> None:
        google.faults.add("503", times=10**9)

    google.before_request(MOVING, cut, method="POST", match="batchUpdate")
    with pytest.raises(ServiceFailed, match="not known whether") as caught:
        worksheet.reorder(move)
    assert "undo works in both cases" in caught.value.hint
    assert hours.waited <= 1200
    google.faults.clear()
    assert worksheet.landed("run") is True


def test_a_full_quota_is_waited_for_and_retry_after_is_obeyed(google: StandIn) -> None:
    key, hours = tab(google), Hours()
    worksheet = opened(google, key, patience=hours.patience())
    google.faults.add("429", nth=MOVING, method="POST", match="batchUpdate", times=2, retry_after=30)
    worksheet.reorder(planned(worksheet))
    assert hours.waited == 60
    assert columns(google, key, 1, 2) == NEW


def test_waits_double_with_full_jitter_up_to_the_ceiling(google: StandIn) -> None:
    waits: list[float] = []
    patience = Patience(sleep=waits.append, clock=lambda: sum(waits), chance=lambda: 1.0, timeout=(5, 5))
    google.faults.add("503", times=10**9, match="/v4/")
    with pytest.raises(ServiceFailed):
        opened(google, tab(google), patience=patience)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 64, 64]
    assert sum(waits) <= 600


def test_another_run_that_lands_first_refuses_ours(google: StandIn) -> None:
    """Both runs were planned from the same reading; the first one to arrive takes the stamp's id."""
    key = tab(google)
    ours, theirs = opened(google, key), opened(google, key)
    move, other = planned(ours), planned(theirs, run="other")

    @contextmanager
    def while_the_other_lands() -> Iterator[None]:
        theirs.reorder(other)
        yield

    with pytest.raises(SheetChanged) as caught:
        ours.reorder(move, committing=while_the_other_lands)
    assert not caught.value.landed
    assert columns(google, key, 1, 2) == NEW
    assert [stamp.split("@")[2] for stamp in stamps(google, key)] == ["other"]


def test_another_run_on_another_tab_only_costs_a_new_plan(google: StandIn) -> None:
    cells = [["url"], *([url] for url in URLS)]
    key = google.add_spreadsheet("Foods", {"One": cells, "Two": cells})
    one, two = opened(google, key, "One"), opened(google, key, "Two")
    area = parse("A2:A")
    moves = [
        Move(area, Scope.RANGE, sheet.read(area, Scope.RANGE), ORDER, f"run{i}") for i, sheet in enumerate((one, two))
    ]

    @contextmanager
    def while_the_other_lands() -> Iterator[None]:
        two.reorder(moves[1])
        yield

    one.reorder(moves[0], committing=while_the_other_lands)
    for name in ("One", "Two"):
        assert [row[0] for row in google.labeler(key, name).rows()[1:]] == [URLS[i] for i in ORDER]


def test_two_runs_at_once_never_both_land(google: StandIn) -> None:
    """Whatever the timing and the faults, the rows are permuted once."""
    rng = random.Random(7)  # noqa: S311 # a reproducible scene, not a secret
    for _ in range(6):
        key = tab(google)
        sheets = [opened(google, key, patience=Hours().patience()) for _ in range(2)]
        moves = [planned(sheet, run=f"run{i}") for i, sheet in enumerate(sheets)]
        google.faults.add("reset", nth=rng.randrange(1, 8), after=True)
        ends: list[str] = []

        def play(index: int, sheets: list[GoogleWorksheet] = sheets, moves: list[Move] = moves) -> None:
            try:
                sheets[index].reorder(moves[index])
                ends.append("landed")  # noqa: B023 # joined before the next round
            except SheetChanged as change:
                ends.append("landed" if change.landed else "refused")  # noqa: B023 # joined before the next round

        threads = [threading.Thread(target=play, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        google.faults.clear()
        assert sorted(ends) == ["landed", "refused"]
        assert columns(google, key, 1, 2) == NEW


Edit = Callable[[fire.Labeler], None]


def forget_marks(google: StandIn, key: str) -> None:
    """Take our marks off the columns, as another program may: the batch is then judged from its answer alone."""
    with google.state.lock:
        file = google.state.files[key]
        assert file.book is not None
        draft = file.book.fork()
        for number in [n for n, entry in draft.metadata.items() if entry["metadataKey"] == MARK]:
            del draft.metadata[number]
        google.state.commit(file, draft)


def edited_in_between(
    google: StandIn, edit: Edit, scope: Scope = Scope.RANGE, *, unmarked: bool = False, nth: int = MOVING
) -> tuple[str, CurationError | None]:
    """Move with an edit between our last look and the batch; return the tab's key and the error, if any."""
    key = tab(google)
    worksheet = opened(google, key)
    move = planned(worksheet, scope)

    def now(_state: object) -> None:
        if unmarked:
            forget_marks(google, key)
        edit(google.labeler(key))

    google.before_request(nth, now, method="POST", match="batchUpdate")
    try:
        worksheet.reorder(move)
    except CurationError as error:
        return key, error
    return key, None


@pytest.mark.parametrize("scope", list(Scope))
def test_a_label_typed_in_the_moment_of_sorting_goes_with_its_row(google: StandIn, scope: Scope) -> None:
    key, error = edited_in_between(google, lambda hands: hands.type("C5", "typed"), scope)
    assert error is None
    assert [URLS[3], "typed"] in columns(google, key, 1, 2)


@pytest.mark.parametrize(
    "edit",
    [
        lambda hands: hands.insert_rows(4),
        lambda hands: hands.delete_rows(4),
        lambda hands: hands.type("B4", "https://new.example/1.jpg"),
        lambda hands: hands.sort("A2:F11", 2, descending=True),
        lambda hands: hands.insert_columns(1),
        lambda hands: hands.insert_columns(2),
        lambda hands: hands.insert_columns(3),
        lambda hands: hands.delete_columns(1),
        lambda hands: hands.delete_columns(2),
        lambda hands: hands.delete_columns(3),
        lambda hands: hands.hide_rows(5, 2),
        lambda hands: hands.hide_rows(3, by_filter=True),
        lambda hands: hands.type("D5", "keep"),
    ],
    ids=["row+", "row-", "address", "sort", "A+", "B+", "C+", "A-", "B-", "C-", "hide", "filter", "beside"],
)
@pytest.mark.parametrize("unmarked", [False, True], ids=["marked", "marks gone"])
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
def test_an_edit_under_the_sort_leaves_the_tab_exactly_as_the_labeler_left_it(
    google: StandIn, edit: Edit, lost: bool, unmarked: bool, request: pytest.FixtureRequest
) -> None:
    expected = tab(google)
    edit(google.labeler(expected))
    if lost:
        google.faults.add("reset", nth=MOVING, method="POST", match="batchUpdate", after=True)
    key, error = edited_in_between(google, edit, unmarked=unmarked)
    name = request.node.callspec.id.rpartition("-marks gone-" if unmarked else "-marked-")[2]
    if lost and (name == "beside" or (unmarked and name in ("B-", "C-"))):
        assert error is None  # before the sort or after it? What is left is whole either way, or its cell is named
        return
    # Where the marks had Google refuse the batch, the next reading may have an obstacle.
    assert isinstance(error, Unsortable) or (isinstance(error, SheetChanged) and not error.landed)
    assert trimmed(google.labeler(key).rows()) == trimmed(google.labeler(expected).rows())
    assert opened(google, key).landed("run") is False


def trimmed(rows: list[list[object]]) -> list[list[object]]:
    """Cut blanks at the ends of rows, and blank rows at the end."""
    cut = [row[: max((i + 1 for i, cell in enumerate(row) if cell is not None), default=0)] for row in rows]
    return cut[: max((i + 1 for i, row in enumerate(cut) if row), default=0)]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda hands: hands.merge("C3:C4"), "merged over several rows"),
        (lambda hands: hands.protect("B3:B4"), "protected"),
    ],
)
def test_what_google_refuses_to_sort_is_named_and_nothing_is_written(google: StandIn, edit: Edit, words: str) -> None:
    key, error = edited_in_between(google, edit)
    assert isinstance(error, Unsortable)
    assert words in error.what
    assert stamps(google, key) == []


def test_a_tab_renamed_while_the_run_is_on_is_found_again(google: StandIn) -> None:
    def rename(hands: fire.Labeler) -> None:
        properties = {"sheetId": hands.sheet.id, "title": "Renamed"}
        hands.do({"updateSheetProperties": {"properties": properties, "fields": "title"}})

    key, error = edited_in_between(google, rename)
    assert error is None
    assert columns(google, key, 1, 2) == NEW


def test_a_column_put_into_the_range_before_a_second_reading_is_an_obstacle(google: StandIn) -> None:
    """With --range-only nothing else would notice that the labels are no longer in the range."""
    key = tab(google)
    worksheet = opened(google, key)
    move = planned(worksheet, Scope.RANGE_ONLY)
    google.labeler(key).insert_columns(3)
    with pytest.raises(Unsortable, match="other columns"):
        worksheet.reorder(move)
    assert columns(google, key, 1, 3) == OLD


def test_a_second_change_of_columns_before_the_way_back_is_never_said_to_be_fine(google: StandIn) -> None:
    key = tab(google)
    worksheet = opened(google, key)
    move = planned(worksheet, Scope.RANGE_ONLY)
    hands = google.labeler(key)

    def unseen(_state: object) -> None:
        forget_marks(google, key)
        hands.insert_columns(1)

    google.before_request(MOVING, unseen, method="POST", match="batchUpdate")
    google.before_request(MOVING + 1, lambda _state: hands.insert_rows(3), method="POST", match="batchUpdate")
    with pytest.raises(ServiceFailed, match="could not be taken back") as caught:
        worksheet.reorder(move)
    assert "Version history" in caught.value.hint


def test_rows_edited_twice_leave_whole_rows_and_say_that_a_sort_landed(google: StandIn) -> None:
    key = tab(google)
    worksheet = opened(google, key)
    move = planned(worksheet)
    hands = google.labeler(key)
    for nth in (MOVING, MOVING + 1):
        google.before_request(nth, lambda _state: hands.insert_rows(3), method="POST", match="batchUpdate")
    with pytest.raises(SheetChanged) as caught:
        worksheet.reorder(move)
    assert caught.value.landed
    assert sorted(row for row in columns(google, key, 1, 2) if row != [None, None]) == OLD


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(
    "edit",
    [
        lambda hands: hands.insert_columns(1),
        lambda hands: hands.insert_columns(3),
        lambda hands: hands.delete_columns(1),
        lambda hands: hands.delete_columns(2),
        lambda hands: hands.delete_columns(3),
        lambda hands: hands.move_column(2, 5),
        lambda hands: hands.move_column(6, 1),
        lambda hands: hands.move_column(3, 1),
    ],
    ids=["A+", "C+", "A-", "B-", "C-", "B>", ">A", "C>A"],
)
def test_google_itself_refuses_a_batch_whose_columns_have_moved(google: StandIn, edit: Edit, scope: Scope) -> None:
    """No cell has moved by then, so nothing has to be taken back and nothing can be mixed."""
    key, _ = edited_in_between(google, edit, scope)
    moving = [logged for logged in google.requests if "sortRange" in logged.body]
    assert moving[0].status == 400 or scope is Scope.WHOLE_ROWS
    assert not any("!run" in logged.body for logged in google.requests)
    expected = tab(google)
    edit(google.labeler(expected))
    assert words(google, key) == words(google, expected)


def words(google: StandIn, key: str) -> list[list[str]]:
    """Return the texts of each row, sorted; not the numbers of the rows, which stay when a range moves."""
    return sorted(sorted(cell for cell in row if isinstance(cell, str)) for row in google.labeler(key).rows()[1:])


def marked(google: StandIn, key: str) -> list[int]:
    book = google.state.files[key].book
    assert book is not None
    places = [e["location"]["dimensionRange"] for e in book.metadata.values() if e["metadataKey"] == MARK]
    return sorted(place["startIndex"] for place in places)


def test_a_run_takes_its_marks_away_and_those_that_an_earlier_one_had_to_leave(google: StandIn) -> None:
    key = tab(google)
    for run, left in (("one", [1, 2, 3]), ("two", [])):
        worksheet = opened(google, key)
        move = planned(worksheet, run=run)
        if left:
            google.faults.add("reset", nth=MOVING + 1, method="POST", match="batchUpdate")
        worksheet.reorder(move)
        assert marked(google, key) == left


def test_a_run_that_ends_without_moving_takes_its_marks_away(google: StandIn) -> None:
    key, error = edited_in_between(google, lambda hands: hands.insert_columns(1))
    assert error is not None
    assert marked(google, key) == []


def test_where_marks_do_not_guard_the_rows_are_sorted_without_them(
    google: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that takes a mark away from a column on which it is not shows so at once."""
    key = tab(google)
    worksheet = opened(google, key)
    move = planned(worksheet)
    monkeypatch.setattr("tests.google.metadata_requests._on_line", lambda *_, **__: True)
    worksheet.reorder(move)
    assert columns(google, key, 1, 2) == NEW
    (sent,) = (logged.body for logged in google.requests if "sortRange" in logged.body)
    assert "EXACT_LOCATION" not in sent


def word_typed_beside_and_then(google: StandIn, edit: Edit) -> tuple[str, GoogleWorksheet, Move]:
    """Plan a move with a word typed beside in its moment, and an edit before the way back."""
    key = tab(google)
    worksheet = opened(google, key)
    move = planned(worksheet)
    hands = google.labeler(key)
    google.before_request(MOVING, lambda _state: hands.type("D4", "word"), method="POST", match="batchUpdate")
    google.before_request(MOVING + 1, lambda _state: edit(hands), method="POST", match="batchUpdate")
    return key, worksheet, move


def test_a_word_beside_stays_on_its_row_though_a_column_is_moved_before_the_way_back(google: StandIn) -> None:
    key, worksheet, move = word_typed_beside_and_then(google, lambda hands: hands.move_column(5, 1))
    with pytest.raises(SheetChanged) as caught:
        worksheet.reorder(move)
    assert not caught.value.landed
    assert columns(google, key, 2, 3) == OLD
    assert google.labeler(key).rows()[3][4] == "word"


def test_a_service_that_refuses_to_delete_nothing_is_guarded_as_well(
    google: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known whether Google refuses that; the batch is refused by it then, with other words."""

    def strict(task: Task) -> Json:
        reply = metadata_requests.delete(task)
        if not reply:
            raise task.refuse("No metadata was found.")
        return reply

    monkeypatch.setitem(KINDS, "deleteDeveloperMetadata", strict)
    # The columns are marked by a second batch here.
    _, error = edited_in_between(google, lambda hands: hands.move_column(3, 1), nth=MOVING + 1)
    assert isinstance(error, SheetChanged | Unsortable)
    assert next(logged.status for logged in google.requests if "sortRange" in logged.body) == 400
    google.requests.clear()
    other = tab(google)
    worksheet = opened(google, other)
    worksheet.reorder(planned(worksheet))
    (sent,) = (logged.body for logged in google.requests if "sortRange" in logged.body)
    assert "EXACT_LOCATION" in sent
    assert columns(google, other, 1, 2) == NEW


def test_an_address_retyped_before_the_way_back_does_not_keep_the_rows_from_it(google: StandIn) -> None:
    address = "https://new.example/1.jpg"
    key, worksheet, move = word_typed_beside_and_then(google, lambda hands: hands.type("B2", address))
    with pytest.raises(SheetChanged) as caught:
        worksheet.reorder(move)
    assert not caught.value.landed
    # B2 held the address of ORDER[0] in that moment.
    assert columns(google, key, 1, 2) == [[address, row[1]] if i == ORDER[0] else row for i, row in enumerate(OLD)]
    assert google.labeler(key).rows()[3][3] == "word"


def test_rows_hidden_before_the_way_back_leave_the_sort_and_name_the_typed_cell(google: StandIn) -> None:
    key, worksheet, move = word_typed_beside_and_then(google, lambda hands: hands.hide_rows(5, 2))
    assert "typed into D4: look whether that is on its row" in worksheet.reorder(move)
    assert columns(google, key, 1, 2) == NEW
    assert google.labeler(key).rows()[3][3] == "word"
