"""HTTP/1.1 over a socket: reads requests, writes answers, and breaks the connection when it is told to."""

import contextlib
import json
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.google.app import MAX_BODY
from tests.google.protocol import Answer, Request

# struct linger: two ints, but two shorts on Windows
_LINGER = "hh" if sys.platform == "win32" else "ii"
_IDLE = 120  # seconds until an unused connection is closed


class Answers(Protocol):
    """Who answers the requests of a connection."""

    def handle(self, request: Request) -> Answer | None:
        """Answer a request; None breaks the connection without an answer."""


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with kept connections; what to answer is its owner's business."""

    protocol_version = "HTTP/1.1"
    server_version = "ESF"
    sys_version = ""
    timeout = _IDLE
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    host = ""  # the host a proxied connection is for
    answers: Answers

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
        """Let the owner answer."""
        request = self._read_request()
        if request is not None:
            answer = self.answers.handle(request)
            if answer is None:
                self._reset()
            else:
                self.send(answer)

    def _read_request(self) -> Request | None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        text = headers.get("content-length", "0")
        if "chunked" in headers.get("transfer-encoding", ""):
            body = self._read_chunks()
        elif not text.isdigit():
            self.send(Answer(400, b"Bad Request", "text/plain"), close=True)
            return None
        elif int(text) > MAX_BODY:
            refusal = {
                "error": {
                    "code": 413,
                    "message": "Request payload size exceeds the limit: 52428800 bytes.",
                    "status": "INVALID_ARGUMENT",
                }
            }
            self.send(Answer(413, json.dumps(refusal).encode()), close=True)
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

    def send(self, answer: Answer, *, close: bool = False) -> None:
        """Write an answer; `close` ends the connection after it."""
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
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
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
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
