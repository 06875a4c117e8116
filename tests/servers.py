"""A loopback web server for tests: files by path, and whatever else a test wants to be answered."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class WebServer:
    """Serves `files`; `requests` lists the paths that were asked for; `before` is called with each path first."""

    files: dict[str, bytes]
    requests: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    url: str = ""


@contextmanager
def web_server(files: Mapping[str, bytes]) -> Iterator[WebServer]:
    """Serve `files` by path (with its slash) on 127.0.0.1; other paths are 404, `.html` is served as such."""
    served = WebServer(dict(files))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.requests.append(self.path)
            served.before(self.path)
            body = served.files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html" if self.path.endswith(".html") else "image/jpeg")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
