"""The stand-in itself: HTTP servers in threads, and the small API that tests use in their own process."""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.google.app import App
from tests.google.connection import Handler, HttpServer
from tests.google.faults import Fault, Faults, answer_of
from tests.google.labeler import Labeler
from tests.google.oauth import TokenService
from tests.google.protocol import Answer, Request
from tests.google.proxy import Authority, Tunnel
from tests.google.state import STRANGER, State, permission

ACCOUNT = "curator@example-project.iam.gserviceaccount.com"


@dataclass
class Logged:
    """One request as the log keeps it; `status` is 0 where no answer was sent."""

    method: str
    path: str
    body: str
    status: int
    host: str = ""


@dataclass
class _Hook:
    nth: int
    call: Callable[[State], Any]
    match: str
    method: str
    seen: int = field(default=0)


class StandIn:
    """Google in this process: `with StandIn() as google:` serves on loopback until the block ends.

    `url` serves all paths of the three services in plain HTTP; `proxy` and `ca` are what HTTPS_PROXY and
    REQUESTS_CA_BUNDLE need; `credentials` is a service account's file for the way through the proxy and
    `credentials_direct` the same account with its token address on `url`.
    """

    def __init__(self, *, port: int = 0, account: str = ACCOUNT) -> None:
        self.state = State(account)
        self.tokens = TokenService(self.state.clock)
        self.faults = Faults()
        self.requests: list[Logged] = []
        self.client_email = account
        self._app = App(self.state, self.tokens)
        self._hooks: list[_Hook] = []
        self._counting = threading.Lock()
        self._stopping = threading.Event()
        self._folder = Path(tempfile.mkdtemp(prefix="standin-"))
        authority = Authority(self._folder)
        self._server = HttpServer(("127.0.0.1", port), type("Bound", (Handler,), {"answers": self}))
        tunnel = type("BoundTunnel", (Tunnel,), {"answers": self, "context": authority.context})
        self._proxy = HttpServer(("127.0.0.1", 0), tunnel)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.proxy = f"http://127.0.0.1:{self._proxy.server_address[1]}"
        self.ca = str(authority.ca_file)
        self.tokens.audiences.add(f"{self.url}/token")
        self.credentials, self.credentials_direct = self._write_credentials(account)

    def _write_credentials(self, account: str) -> tuple[str, str]:
        content = self.tokens.add_account(account, "https://oauth2.googleapis.com/token")
        return self.write_json(content, "credentials.json"), self.write_json(
            {**content, "token_uri": f"{self.url}/token"}, "credentials-direct.json"
        )

    def write_json(self, content: dict[str, Any], name: str) -> str:
        """Write a file that lives as long as the stand-in, readable by its owner only, and return its path."""
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")
        return str(path)

    def __enter__(self) -> Self:
        """Start serving."""
        for server in (self._server, self._proxy):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving and remove the files."""
        self._stopping.set()
        for server in (self._server, self._proxy):
            server.shutdown()
            server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add_spreadsheet(
        self, title: str, tabs: dict[str, list[list[Any]]] | None = None, *, shared: bool = True
    ) -> str:
        """Add a spreadsheet of a stranger and return its id; rows of Python values are entered as if typed.

        `shared` gives the service account the writer's role; without it the account may not open the file.
        """
        with self.state.lock:
            file = self.state.add_file(title, STRANGER)
            if shared:
                file.permissions.append(permission("user", "writer", self.client_email))
            if tabs:
                self.state.fill(file, tabs)
        return file.id

    def labeler(self, spreadsheet_id: str, tab: str | None = None) -> Labeler:
        """Return a person who edits a tab (the first without a name) behind the program's back."""
        return Labeler(self.state, spreadsheet_id, tab)

    def before_request(self, nth: int, call: Callable[[State], Any], *, match: str = "", method: str = "") -> None:
        """Let `call(state)` run just before the nth fitting request from now is handled."""
        self._hooks.append(_Hook(nth, call, match, method))

    def dump(self) -> dict[str, Any]:
        """Return what `GET {url}/_standin/dump` answers."""
        return self.state.dump()

    def handle(self, request: Request) -> Answer | None:
        """Answer a request with hooks and faults; None breaks the connection."""
        if request.path.startswith("/_standin/"):
            return self._app.answer(request)
        logged = Logged(request.method, request.target, request.body.decode("utf-8", "replace"), 0, request.host)
        self.requests.append(logged)
        self._run_hooks(request)
        fault = self.faults.strike(request)
        answer = self._app.answer(request) if fault is None else self._fail(fault, request)
        if answer is not None:
            logged.status = answer.status
        return answer

    def _run_hooks(self, request: Request) -> None:
        due = []
        with self._counting:
            for hook in self._hooks:
                if hook.match in request.target and hook.method in {"", request.method}:
                    hook.seen += 1
                    if hook.seen == hook.nth:
                        due.append(hook)
        for hook in due:  # without a lock: a hook may run a whole program that sends requests of its own
            hook.call(self.state)

    def _fail(self, fault: Fault, request: Request) -> Answer | None:
        if fault.kind == "latency":
            self._stopping.wait(fault.seconds)
            return self._app.answer(request)
        good = self._app.answer(request) if fault.after else None
        if fault.kind == "time-out":
            self._stopping.wait(fault.seconds)
            return None
        return None if fault.kind == "reset" else answer_of(fault, self.state.project_number, good)

    def wait(self) -> None:
        """Return when the stand-in is being stopped."""
        while not self._stopping.is_set():
            time.sleep(0.1)
