"""Failures on order, edits between requests, quotas on a clock."""

import json
import threading
import time

import pytest
import requests

from tests.google.desk import Desk
from tests.google.faults import KINDS
from tests.google.server import StandIn

SCOPE = {"https://www.googleapis.com/auth/spreadsheets"}


def put(google: StandIn, sheet: str, value: str, timeout: float = 5) -> requests.Response:
    return requests.put(
        f"{google.url}/v4/spreadsheets/{sheet}/values/A1?valueInputOption=RAW",
        json={"values": [[value]]},
        headers={"Authorization": f"Bearer {google.tokens.grant(google.client_email, SCOPE)}"},
        timeout=timeout,
    )


EXPECTED = {"latency": 200, "429": 429, "500": 500, "500-quota": 500, "503": 503, "502-html": 502, "broken-body": 200}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_hits_the_nth_request_before_or_after_it_took_effect(kind: str, after: bool) -> None:
    with StandIn() as google:
        sheet = google.add_spreadsheet("t", {"Sheet1": [["old"]]})
        fault = google.faults.add(kind, nth=2, after=after, method="PUT", seconds=0.2, retry_after=7)
        assert put(google, sheet, "first").status_code == 200
        try:
            answer = put(google, sheet, "second", timeout=0.1 if kind == "time-out" else 5)
        except requests.Timeout:
            assert kind == "time-out"
        except requests.ConnectionError:
            assert kind == "reset"
        else:
            assert answer.status_code == EXPECTED[kind]
            assert ("Retry-After" in answer.headers) == (kind in {"429", "503"})
        written = google.labeler(sheet).rows()[0][0]
        assert written == ("second" if after or kind == "latency" else "first")
        assert put(google, sheet, "third").status_code == 200
        assert fault.struck == 1


def test_a_broken_body_is_the_beginning_of_the_true_answer() -> None:
    with StandIn() as google:
        sheet = google.add_spreadsheet("t")
        google.faults.add("broken-body", after=True)
        answer = put(google, sheet, "x")
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()
        assert answer.text.startswith('{\n  "spreadsheetId"')


def test_a_permanent_outage_hits_every_request_until_it_is_cleared() -> None:
    with StandIn() as google:
        sheet = google.add_spreadsheet("t")
        google.faults.add("503", times=10**9)
        assert [put(google, sheet, "x").status_code for _ in range(5)] == [503] * 5
        google.faults.clear()
        assert put(google, sheet, "x").status_code == 200


def test_an_unknown_fault_lists_the_known_ones() -> None:
    with StandIn() as google, pytest.raises(ValueError, match="latency, 429"):
        google.faults.add("gremlins")


def test_a_labeler_edits_just_before_a_chosen_request() -> None:
    with StandIn() as google:
        sheet = google.add_spreadsheet("t", {"Sheet1": [["a", "b"], ["c", "d"]]})
        labeler = google.labeler(sheet)

        def edit(_: object) -> None:
            labeler.insert_rows(1)
            labeler.type("A1", "typed")

        google.before_request(2, edit, match="/values/")
        put(google, sheet, "first")
        assert labeler.rows()[0] == ["first", "b"]
        put(google, sheet, "second")
        assert labeler.rows() == [["second"], ["first", "b"], ["c", "d"]]


def test_a_hook_may_run_a_whole_program_against_the_same_stand_in() -> None:
    with StandIn() as google:
        sheet = google.add_spreadsheet("t")
        google.before_request(1, lambda _: put(google, sheet, "inner"), method="PUT")
        assert put(google, sheet, "outer").status_code == 200
        assert [request.status for request in google.requests] == [200, 200]
        assert google.labeler(sheet).rows() == [["outer"]]


def test_the_log_keeps_what_was_asked_and_answered() -> None:
    with StandIn() as google:
        put(google, google.add_spreadsheet("t"), "x")
        (logged,) = google.requests
        assert (logged.method, logged.status) == ("PUT", 200)
        assert json.loads(logged.body) == {"values": [["x"]]}


def test_a_quota_refuses_within_its_minute_and_opens_again_with_the_clock() -> None:
    desk = Desk([["a"]])
    desk.state.quota["read"] = 2
    desk.state.clock.advance(60 - desk.state.clock.now() % 60)  # the three calls shall fall into one minute
    assert [desk.sheets("GET", "/values/A1")[0] for _ in range(3)] == [200, 200, 429]
    desk.state.clock.advance(60)
    assert desk.sheets("GET", "/values/A1")[0] == 200
    desk.state.quota["write"] = 0
    status, value = desk.sheets("POST", "/values/A1:clear")
    assert status == 429
    assert value["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert value["error"]["message"].startswith("Quota exceeded for quota metric 'Write requests' and limit 'Write")


def test_two_writers_at_once_lose_nothing() -> None:
    with StandIn() as google:
        sheet = google.add_spreadsheet("t")
        token = google.tokens.grant(google.client_email, SCOPE)

        def append(name: str) -> None:
            with requests.Session() as session:
                for number in range(20):
                    session.post(
                        f"{google.url}/v4/spreadsheets/{sheet}/values/A:A:append?valueInputOption=RAW",
                        json={"values": [[f"{name} {number}"]]},
                        headers={"Authorization": f"Bearer {token}"},
                        timeout=10,
                    ).raise_for_status()

        threads = [threading.Thread(target=append, args=(name,)) for name in ("one", "two")]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start < 30
        rows = [row[0] for row in google.labeler(sheet).rows()]
        assert sorted(rows) == sorted(f"{name} {number}" for name in ("one", "two") for number in range(20))
