"""Words to a person, progress, and interruptions."""

import io
import os
import signal
import sys

import pytest

from console.exit_codes import INTERRUPTED, TERMINATED
from console.interruption import Interrupted, Interruptions
from console.messages import plain, say
from console.progress import Progress
from console.running import run
from errors import NotFound, UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent by os.kill")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_an_interruption_ends_the_story_at_once_while_nothing_is_written(number, code, capsys) -> None:
    steps = []

    def story(_: Interruptions) -> int:
        steps.append("before")
        os.kill(os.getpid(), number)
        steps.append("after")
        return 0

    assert run(story, debug=False) == code
    assert steps == ["before"]
    assert "nothing was written" in capsys.readouterr().err


def test_an_interruption_during_the_write_waits_and_is_told(capsys) -> None:
    def story(interruptions: Interruptions) -> int:
        with interruptions.hold():
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)  # still held: the outcome is being recorded
        interruptions.release()
        return interruptions.pending or 0

    assert run(story, debug=False) == INTERRUPTED
    assert "waiting for its outcome" in capsys.readouterr().err


def test_what_was_written_is_told_however_the_run_ends(capsys) -> None:
    def story(interruptions: Interruptions) -> int:
        interruptions.written = "A sort was written."
        raise NotFound("gone", "look elsewhere")

    assert run(story, debug=False) == 1
    assert "A sort was written." in capsys.readouterr().err


def test_a_line_that_cannot_be_shown_does_not_end_the_run(monkeypatch, capsys) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        say("the plan")
        say("To undo: ...", vital=True)
    assert capsys.readouterr().err == "To undo: ...\n"
    monkeypatch.setattr(sys, "stdout", None)
    say("To undo: ...", vital=True)
    assert capsys.readouterr().err == "To undo: ...\n"


def test_signals_are_given_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interruptions(), pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("error", "code"), [(NotFound("No tab 'x'.", "There are: y."), 1), (UsageError("a", "b"), 2)])
def test_an_error_is_two_lines_and_an_exit_code(error, code, capsys) -> None:
    def story(_: Interruptions) -> int:
        raise error

    assert run(story, debug=False) == code
    said = capsys.readouterr().err.splitlines()
    assert said == [f"Error: {error.what}", f"       {error.hint}"]


def test_debug_shows_the_traceback(capsys) -> None:
    def story(_: Interruptions) -> int:
        raise NotFound("gone", "look elsewhere")

    run(story, debug=True)
    assert "Traceback" in capsys.readouterr().err


def test_foreign_text_cannot_steer_a_terminal() -> None:
    assert plain("\x1b]0;title\x07\u202ehi") == "?]0;title??hi"
    assert len(plain("x" * 10_000)) == 200


def test_progress_without_a_terminal_is_plain_lines(monkeypatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("Fetching", "pictures") as progress:
        for done in range(4):
            progress.update(done, 3)
    assert stream.getvalue().startswith("Fetching: 3 of 3 pictures (")
    assert "\r" not in stream.getvalue()
