"""How fast the stand-in for Google is: small requests, and the reorder of a large sheet in one batch.

    python benchmarks/standin.py [--requests 10000] [--rows 100000]

Prints one table. The client is a bare keep-alive connection, so that the figures are the server's.
"""

import argparse
import http.client
import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.google.server import StandIn

SCOPE = "https://www.googleapis.com/auth/spreadsheets"


class Client:
    """One kept connection with a token."""

    def __init__(self, google: StandIn) -> None:
        host, _, port = google.url.removeprefix("http://").partition(":")
        self._connection = http.client.HTTPConnection(host, int(port))
        self._headers = {"Authorization": f"Bearer {google.tokens.grant(google.client_email, {SCOPE})}"}

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """Send a request and return the body of its answer, which must be a success."""
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise SystemExit(f"{method} {path}: {response.status} {content[:500]!r}")
        return content


def small_requests(google: StandIn, spreadsheet: str, count: int) -> float:
    """Return the seconds that `count` reads and writes of one cell take, one after the other."""
    client = Client(google)
    start = time.perf_counter()
    for number in range(count):
        path = f"/v4/spreadsheets/{spreadsheet}/values/A{number % 50 + 1}"
        if number % 2:
            client.call("GET", path)
        else:
            client.call("PUT", f"{path}?valueInputOption=RAW", {"values": [[str(number)]]})
    return time.perf_counter() - start


def reorder_batch(rows: int, seed: int = 0) -> dict[str, Any]:
    """Return the batch that reorders B:C of a sheet by ranks pasted beside it, as `sort_similar.py` sends it."""
    order = list(range(rows))
    random.Random(seed).shuffle(order)
    ranks = "\n".join(f"zx{rank:06d}" for rank in order)
    helper = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 3, "endIndex": 4}
    block = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": rows + 1, "startColumnIndex": 1, "endColumnIndex": 4}
    stamp = {"metadataId": 1001, "metadataKey": "bench", "visibility": "DOCUMENT", "location": {"spreadsheet": True}}
    column = {**block, "startColumnIndex": 3}
    start = {"sheetId": 0, "rowIndex": 1, "columnIndex": 3}
    return {
        "requests": [
            {"createDeveloperMetadata": {"developerMetadata": stamp}},
            {"insertDimension": {"range": helper, "inheritFromBefore": True}},
            {"setDataValidation": {"range": column}},
            {"pasteData": {"coordinate": start, "data": ranks, "type": "PASTE_VALUES", "delimiter": "\t"}},
            {"sortRange": {"range": block, "sortSpecs": [{"dimensionIndex": 3, "sortOrder": "ASCENDING"}]}},
            {"deleteDimension": {"range": helper}},
        ],
        "includeSpreadsheetInResponse": True,
        "responseRanges": [f"B2:C{rows + 1}"],
    }


def reorder(google: StandIn, rows: int) -> tuple[float, float, int]:
    """Return the seconds, the processor's seconds and the bytes of the answer of one reorder batch on rows x 6 columns.

    One column holds a formula in every row, which the inserted and deleted helper column makes the server read twice.
    """
    table = [[n, f"https://example.org/{n}.jpg", f"word {n}", n % 7, f"=B{n + 2}", ""] for n in range(rows)]
    spreadsheet = google.add_spreadsheet("large", {"Sheet1": [list("abcdef"), *table]})
    client, body = Client(google), reorder_batch(rows)
    fields = "replies,updatedSpreadsheet.sheets.data.rowData.values.userEnteredValue"
    start, busy = time.perf_counter(), time.process_time()
    answer = client.call("POST", f"/v4/spreadsheets/{spreadsheet}:batchUpdate?fields={fields}", body)
    return time.perf_counter() - start, time.process_time() - busy, len(answer)


def together(google: StandIn, spreadsheet: str, count: int, clients: int) -> float:
    """Return the seconds that `count` small requests take from several clients at once."""
    share = [(google, spreadsheet, count // clients)] * clients
    threads = [threading.Thread(target=small_requests, args=arguments) for arguments in share]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    with StandIn() as google:
        spreadsheet = google.add_spreadsheet("small")
        small_requests(google, spreadsheet, 50)  # the schema is read on first use
        alone = small_requests(google, spreadsheet, arguments.requests)
        several = together(google, spreadsheet, arguments.requests, 4)
        seconds, busy, size = reorder(google, arguments.rows)
    count = arguments.requests
    print(f"{count:,} small requests, one client     {alone:7.2f} s   {count / alone * 60:9,.0f} a minute")
    print(f"{count:,} small requests, four clients   {several:7.2f} s   {count / several * 60:9,.0f} a minute")
    cost = f"{busy:.2f} s of processor, {size / 1e6:.1f} MB of answer"
    print(f"reorder of {arguments.rows:,} rows x 6 columns   {seconds:7.2f} s   {cost}")


if __name__ == "__main__":
    main()
