"""Replay recorded exchanges of the real services against the stand-in: `python -m tests.google.replay [FOLDER]`.

Ids and times differ from run to run, so an id is learnt from the answer that first shows it and put into every later
request and comparison; everything else must be equal: status, content type, and body as a value. A second figure says
how many bodies are the same to the last character once ids and times are exchanged.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests.google.app import App
from tests.google.oauth import TokenService
from tests.google.protocol import Answer, Request
from tests.google.server import ACCOUNT
from tests.google.state import State

FOLDER = Path(__file__).parents[3] / "shared" / "google-recordings"
_IDS = {"id", "spreadsheetId", "sheetId", "namedRangeId", "protectedRangeId", "filterViewId", "permissionId", "tableId"}
_TIMES = {"createdTime", "modifiedTime"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SCOPES = {"https://spreadsheets.google.com/feeds", "https://www.googleapis.com/auth/drive"}
_MISSING = object()


@dataclass
class Tally:
    """What a replay of one recording found."""

    name: str
    total: int = 0
    equal: int = 0
    identical: int = 0
    differences: list[str] = field(default_factory=list)


class Replay:
    """One recording against a fresh stand-in."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self._exchanges = exchanges
        self._state = State(ACCOUNT)
        tokens = TokenService(self._state.clock)
        self._token = tokens.grant(ACCOUNT, _SCOPES)
        self._app = App(self._state, tokens)
        self._ours: dict[str, str] = {}  # recorded id -> ours
        self._state.strangers.update(_refused(exchanges))

    def run(self, name: str) -> Tally:
        """Replay all exchanges in order and compare each."""
        tally = Tally(name)
        for number, exchange in enumerate(self._exchanges):
            answer = self._send(exchange)
            found = list(self._compare(exchange, answer))
            tally.total += 1
            tally.equal += not found
            tally.identical += not found and self._same_text(exchange, answer)
            where = f"{number}: {exchange['method']} {exchange['uri']}"
            tally.differences += [f"{where}\n      {text}" for text in found]
        return tally

    def _send(self, exchange: dict[str, Any]) -> Answer:
        parts = urlsplit(self._translate(exchange["uri"]))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        body = self._translate(exchange["request_body"] or "").encode()
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        return self._app.answer(Request(exchange["method"], target, headers, body, parts.netloc))

    def _translate(self, text: str) -> str:
        """Return a recorded text with our ids in it; numbers are exchanged only as whole words."""
        for theirs, ours in self._ours.items():
            text = re.sub(rf"(?<![\w-]){re.escape(theirs)}(?![\w-])", ours, text)
        return text

    def _compare(self, exchange: dict[str, Any], answer: Answer) -> Iterator[str]:
        if answer.status != exchange["status"]:
            yield f"status: recorded {exchange['status']}, ours {answer.status} {answer.body.decode()[:300]}"
            return
        if answer.content_type != exchange["response_content_type"]:
            yield f"content type: recorded {exchange['response_content_type']}, ours {answer.content_type}"
        recorded = exchange["response_body"] or ""
        if not answer.content_type.startswith("application/json"):
            if recorded != answer.body.decode():
                yield f"body: recorded {recorded!r}, ours {answer.body!r}"
            return
        yield from self._differences(json.loads(recorded), json.loads(answer.body), "$")

    def _differences(self, theirs: Any, ours: Any, path: str) -> Iterator[str]:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for key in {**theirs, **ours}:
                left, right = theirs.get(key, _MISSING), ours.get(key, _MISSING)
                if key in _IDS and _MISSING not in (left, right):
                    yield from self._same_id(left, right, f"{path}.{key}")
                elif key in _TIMES and _TIME.fullmatch(str(left)) and _TIME.fullmatch(str(right)):
                    continue
                else:
                    yield from self._differences(left, right, f"{path}.{key}")
        elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
            for index, (left, right) in enumerate(zip(theirs, ours, strict=True)):
                yield from self._differences(left, right, f"{path}[{index}]")
        elif isinstance(theirs, str) and isinstance(ours, str):
            if self._translate(theirs) != ours:
                yield f"{path}: recorded {theirs!r}, ours {ours!r}"
        elif theirs is _MISSING or ours is _MISSING or theirs != ours or type(theirs) is not type(ours):
            yield f"{path}: recorded {_shown(theirs)}, ours {_shown(ours)}"

    def _same_id(self, theirs: Any, ours: Any, path: str) -> Iterator[str]:
        known = self._ours.setdefault(str(theirs), str(ours))
        if known != str(ours) or type(theirs) is not type(ours):
            yield f"{path}: recorded {theirs} (here {known}), ours {ours}"

    def _same_text(self, exchange: dict[str, Any], answer: Answer) -> bool:
        recorded = _TIME.sub("time", self._translate(exchange["response_body"] or ""))
        return recorded == _TIME.sub("time", answer.body.decode())


def _shown(value: Any) -> str:
    return "nothing" if value is _MISSING else json.dumps(value, ensure_ascii=False)[:200]


def _refused(exchanges: list[dict[str, Any]]) -> set[str]:
    """Return the ids that the recording was refused although it never made them: files of strangers."""
    made = {json.loads(e["response_body"])["id"] for e in exchanges if _creates(e)}
    refused = {
        match[1]
        for e in exchanges
        if e["status"] == 403 and (match := re.search(r"/(?:spreadsheets|files)/([\w-]{30,})", e["uri"]))
    }
    return refused - made


def _creates(exchange: dict[str, Any]) -> bool:
    return exchange["method"] == "POST" and exchange["status"] == 200 and "/drive/v3/files?" in exchange["uri"]


def replay_file(path: Path) -> Tally:
    """Replay one recording."""
    return Replay(json.loads(path.read_text(encoding="utf-8"))).run(path.stem)


def main(argv: list[str]) -> int:
    """Print exchanges equal / total for every recording of a folder, and what differs."""
    folder = Path(argv[0]) if argv else FOLDER
    paths = sorted(folder.glob("*.json"))
    if not paths:
        print(f"No recordings in {quote(str(folder), safe='/ ')}")
        return 2
    tallies = [replay_file(path) for path in paths]
    for tally in tallies:
        print(f"{tally.equal:4d} / {tally.total:<4d} {tally.name}")
        for text in tally.differences:
            print(f"   {text}")
    equal, total = sum(t.equal for t in tallies), sum(t.total for t in tallies)
    identical = sum(t.identical for t in tallies)
    print(f"{equal:4d} / {total} exchanges equal in {len(tallies)} recordings; {identical} of them to the character")
    return 0 if equal == total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
