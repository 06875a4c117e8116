"""Start the stand-in: `python -m tests.google [--port N] [--title T --values FILE.csv]`."""

import argparse
import csv
import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from tests.google.server import StandIn


def main(argv: list[str] | None = None) -> int:
    """Print one JSON line that says how to reach the stand-in, and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.google", description="A stand-in for Google Sheets.")
    parser.add_argument("--port", type=int, default=0, help="port of the plain address (default: a free one)")
    parser.add_argument("--title", default="example", help="title of the spreadsheet (default: %(default)s)")
    parser.add_argument("--values", type=Path, metavar="FILE.csv", help="its first tab, entered as if typed")
    arguments = parser.parse_args(argv)
    rows: list[list[str]] = []
    if arguments.values:
        with arguments.values.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    with StandIn(port=arguments.port) as google:
        spreadsheet_id = google.add_spreadsheet(arguments.title, {"Sheet1": rows} if rows else None)
        ways = {"url": google.url, "proxy": google.proxy, "ca": google.ca, "credentials": google.credentials}
        print(json.dumps({**ways, "spreadsheet_id": spreadsheet_id, "title": arguments.title}), flush=True)
        while not stop.wait(0.5):  # a bounded wait, so that Windows delivers signals too
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
