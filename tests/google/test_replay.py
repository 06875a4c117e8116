"""The recordings of the real services, replayed: every exchange is answered as Google answered it."""

import json
from pathlib import Path

import pytest

from tests.google.replay import FOLDER, Replay, replay_file
from tests.google.schema import SHEETS

RECORDINGS = sorted(FOLDER.glob("*.json"))
pytestmark = pytest.mark.skipif(not RECORDINGS, reason=f"the recordings of the real services are not at {FOLDER}")


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_every_exchange_of_a_recording_is_equal(path: Path) -> None:
    tally = replay_file(path)
    assert tally.differences == []
    assert tally.equal == tally.total > 0


def test_a_replay_notices_a_difference() -> None:
    exchanges = json.loads(RECORDINGS[0].read_text(encoding="utf-8"))
    exchanges[1]["response_body"] = exchanges[1]["response_body"].replace('"rowCount": 1000', '"rowCount": 999')
    assert Replay(exchanges).run("changed").equal == len(exchanges) - 1


def test_the_schema_knows_every_recorded_answer() -> None:
    """What the real service says is the measure of the schema too, so that checking ours against it means something."""
    for path in RECORDINGS[:20]:
        for exchange in json.loads(path.read_text(encoding="utf-8")):
            if exchange["uri"].endswith("includeGridData=false") and exchange["status"] == 200:
                assert SHEETS.problems(json.loads(exchange["response_body"]), "Spreadsheet") == []
