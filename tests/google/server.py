"""The stand-in itself: HTTP servers in threads, and the small API that tests use in their own process."""

import contextlib
import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.google.app import MAX_BODY, App
from tests.google.faults import Fault, Faults, answer_of
from tests.google.labeler import Labeler
from tests.google.oauth import TokenService
from tests.google.protocol import Answer, Request
from tests.google.proxy import Authority, ProxyServer
from tests.google.state import STRANGER, State, permission

ACCOUNT = "curator@example-project.iam.gserviceaccount.com"
_IDLE = 120  # seconds until an unused connection is closed


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


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with kept connections; everything else is the stand-in's."""

    protocol_version = "HTTP/1.1"
    server_version = "ESF"
    sys_version = ""
    timeout = _IDLE
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    host = ""  # the host a proxied connection is for
    standin: "StandIn"

    def handle_one_request(self) -> None:
        """Read and answer one request, whatever its method is called."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
        except (TimeoutError, OSError):
            self.close_connection = True
            return
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > 65536:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
            return
        if self.parse_request():
            with contextlib.suppress(ConnectionError, TimeoutError):
                self.dispatch()
                self.wfile.flush()

    def dispatch(self) -> None:
        """Let the stand-in answer."""
        request = self._read_request()
        if request is not None:
            answer = self.standin.handle(request)
            if answer is None:
                self._reset()
            else:
                self._send(answer)

    def _read_request(self) -> Request | None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        text = headers.get("content-length", "0")
        if "chunked" in headers.get("transfer-encoding", ""):
            body = self._read_chunks()
        elif not text.isdigit():
            self._send(Answer(400, b"Bad Request", "text/plain"), close=True)
            return None
        elif int(text) > MAX_BODY:
            body = {
                "error": {
                    "code": 413,
                    "message": "Request payload size exceeds the limit: 52428800 bytes.",
                    "status": "INVALID_ARGUMENT",
                }
            }
            self._send(Answer(413, json.dumps(body).encode()), close=True)
            return None
        else:
            body = self.rfile.read(int(text))
        return Request(self.command, self.path, headers, body, self.host)

    def _read_chunks(self) -> bytes:
        parts, total = [], 0
        while total <= MAX_BODY:
            line = self.rfile.readline(1024).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                break
            if not size:
                while self.rfile.readline(65537).strip():
                    pass
                break
            parts.append(self.rfile.read(size))
            self.rfile.readline(16)
            total += size
        return b"".join(parts)

    def _send(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD" and answer.status != 204:
            self.wfile.write(answer.body)

    def _reset(self) -> None:
        """Break the connection so that the client sees a reset, not an end."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        with contextlib.suppress(OSError):
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet: the log is `StandIn.requests`."""


class HttpServer(ThreadingHTTPServer):
    """Many connections, each in a thread that ends with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that go away; anything else is a defect and is shown."""
        import sys  # noqa: PLC0415 - only for defects

        if not isinstance(sys.exception(), ConnectionError | TimeoutError | OSError):
            super().handle_error(request, client_address)


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
        self._stopping = threading.Event()
        self._folder = Path(tempfile.mkdtemp(prefix="standin-"))
        handler = type("Bound", (Handler,), {"standin": self})
        authority = Authority(self._folder)
        self._server = HttpServer(("127.0.0.1", port), handler)
        self._proxy = ProxyServer(handler, authority)
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
        if request.path == "/_standin/dump":
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
        for hook in list(self._hooks):
            if hook.match in request.target and hook.method in {"", request.method}:
                hook.seen += 1
                if hook.seen == hook.nth:
                    with self.state.lock:
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
