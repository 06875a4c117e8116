"""A real Chromium, driven as a person does: keys, clicks, downloads and looks, over its own debugging pipe."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-features=NetworkTimeServiceQuerying",
    # The browser has errands of its own; no name resolves, so that none of them leaves the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND", "--no-proxy-server", "--no-default-browser-check", "--no-first-run",
)  # fmt: skip
PIPE = os.name == "posix"
"""Where a browser can be given the two ends of its debugging pipe."""
_SECONDS = 60.0
# Chromium reads commands from descriptor 3 and answers on 4, which the pipes may have themselves, the other way round.
_BECOME = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def asked_by_page(log: Path) -> set[str]:
    """Return the addresses that a page asked for; what the browser itself does has no page as its initiator."""
    events = json.loads(log.read_text("utf-8", "replace"))["events"]
    told = [event["params"] for event in events if "url" in event.get("params", {})]
    return {one["url"] for one in told if one.get("initiator", "not an origin") != "not an origin"}


class Tab:
    """A page that is open; `asked`, `console` and `opened` grow with what the page does.

    `asked` are the addresses of its requests, `console` what it logged and the errors in its scripts, `opened` the
    dialogs that it showed.
    """

    def __init__(self, to: int, answers: int) -> None:
        self.asked: list[str] = []
        self.console: list[str] = []
        self.opened: list[str] = []
        self.downloaded: list[str] = []
        self._to, self._from, self._rest, self._number, self._session = to, answers, b"", 0, ""
        self._loaded = 0

    def attach(self) -> None:
        """Open a tab and listen to it."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session and not method.startswith(("Browser.", "Target.")):
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, page: Path) -> float:
        """Open a page and return the seconds until it was loaded and its script had run."""
        started = time.monotonic()
        before = self._loaded
        self.send("Page.navigate", url=page.as_uri())
        self.until(lambda: self._loaded > before)
        return time.monotonic() - started

    def run(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after the other, named as the page sees them."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {}
            self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def choose(self, selector: str, file: Path) -> None:
        """Choose a file in a file input, as a person does in the dialog that it opens."""
        found = self.send("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        self.send("DOM.setFileInputFiles", files=[str(file)], objectId=found["result"]["objectId"])

    def click(self, selector: str, at: int = 0) -> None:
        """Click in the middle of an element, with the mouse."""
        box = f"document.querySelectorAll({json.dumps(selector)})[{at}]"
        x, y = self.run(
            f"{box}.scrollIntoView({{block: 'center'}}); var b = {box}.getBoundingClientRect();"
            " [b.x + b.width / 2, b.y + b.height / 2]"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def look(self, target: Path, width: int, height: int, *, dark: bool = False) -> None:
        """Save what a window of this size shows, as PNG; below 600 pixels it is a phone's."""
        phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        self.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.run("new Promise((done) => setTimeout(done, 300))")
        target.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true; give up after a minute."""
        end = time.monotonic() + _SECONDS
        while not true():
            assert time.monotonic() < end, "the browser did not come so far within a minute"
            self.run("new Promise((done) => setTimeout(done, 20))")

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._from, 1 << 20)
            assert part, "the browser ended"
            self._rest += part
        first, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(first)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, params: dict[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            case "Runtime.consoleAPICalled":
                self.console.append(str([one.get("value") for one in params["args"]]))
            case "Runtime.exceptionThrown":
                self.console.append(params["exceptionDetails"]["exception"].get("description", "an error"))
            case "Log.entryAdded":
                self.console.append(params["entry"]["text"])
            case "Page.javascriptDialogOpening":
                self.opened.append(params["message"])
            case "Page.loadEventFired":
                self._loaded += 1
            case "Browser.downloadProgress" if params["state"] == "completed":
                self.downloaded.append(params["guid"])


@contextlib.contextmanager
def browser(folder: Path, *, width: int = 1200, height: int = 900) -> Iterator[Tab]:
    """Start a browser of its own that saves downloads in `folder`; give a tab, and end it afterwards."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    process = subprocess.Popen(
        [
            sys.executable, "-c", _BECOME, str(to_read), str(from_write), CHROMIUM, *FLAGS, "--remote-debugging-pipe",
            f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}",
            f"--window-size={width},{height}", "about:blank",
        ],
        pass_fds=(to_read, from_write), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        os.close(to_read)
        os.close(from_write)
        tab = Tab(to_write, from_read)
        tab.attach()
        tab.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), eventsEnabled=True)
        yield tab
        with contextlib.suppress(AssertionError, OSError):  # it ends while it answers
            tab.send("Browser.close")
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        os.close(to_write)
        os.close(from_read)
