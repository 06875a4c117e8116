"""The stand-in as a program: its command, its proxy, its certificates."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.google.server import StandIn

ROOT = Path(__file__).parents[2]
CLIENT = """
import sys, gspread
sheet = gspread.service_account(sys.argv[1]).open(sys.argv[2]).sheet1
print(sheet.get_all_values())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_an_unmodified_program_under_googles_names(tmp_path: Path, sign: signal.Signals) -> None:
    values = tmp_path / "values.csv"
    values.write_text("name,n\nüber,007\n=1+1,\n", encoding="utf-8")
    command = [sys.executable, "-m", "tests.google", "--title", "Ann's list", "--values", str(values)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ways = json.loads(server.stdout.readline())
        assert set(ways) == {"url", "proxy", "ca", "credentials", "spreadsheet_id", "title"}
        environment = {**os.environ, "HTTPS_PROXY": ways["proxy"], "REQUESTS_CA_BUNDLE": ways["ca"], "NO_PROXY": ""}
        client = subprocess.run(
            [sys.executable, "-c", CLIENT, ways["credentials"], ways["title"]],
            env={name: text for name, text in environment.items() if name.lower() != "no_proxy"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert client.stdout.strip() == "[['name', 'n'], ['über', '7'], ['2', '']]", client.stderr
        dump = requests.get(f"{ways['url']}/_standin/dump", timeout=30).json()
        assert dump["files"][ways["spreadsheet_id"]]["name"] == "Ann's list"
        server.send_signal(sign)
        assert server.wait(10) == 0
        assert not Path(ways["credentials"]).exists()


def test_the_proxy_leads_to_google_only() -> None:
    with StandIn() as google:
        proxies = {"https": google.proxy, "http": google.proxy}
        session = requests.Session()
        session.trust_env = False
        good = session.get("https://sheets.googleapis.com/v4/x", proxies=proxies, verify=google.ca, timeout=30)
        assert good.status_code == 404
        for address in ("https://example.org/", "https://sheets.googleapis.com:8443/", "https://docs.google.com/"):
            with pytest.raises(requests.exceptions.ProxyError, match="403"):
                session.get(address, proxies=proxies, verify=google.ca, timeout=30)
        plain = session.get("http://sheets.googleapis.com/v4/x", proxies=proxies, timeout=30)
        assert plain.status_code == 403


def test_each_host_serves_its_own_service_only() -> None:
    with StandIn() as google:
        session = requests.Session()
        session.trust_env = False
        session.proxies, session.verify = {"https": google.proxy}, google.ca
        assert session.get("https://www.googleapis.com/drive/v3/files", timeout=30).status_code == 401
        assert session.get("https://sheets.googleapis.com/drive/v3/files", timeout=30).status_code == 404
        assert session.get("https://oauth2.googleapis.com/_standin/dump", timeout=30).status_code == 404


def test_nobody_trusts_the_authority_by_chance() -> None:
    with StandIn() as google:
        session = requests.Session()
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            session.get("https://sheets.googleapis.com/", proxies={"https": google.proxy}, timeout=30)


def test_the_credentials_are_for_their_owner_only() -> None:
    with StandIn() as google:
        if sys.platform != "win32":
            assert Path(google.credentials).stat().st_mode & 0o077 == 0
        assert google.dump()["account"] == google.client_email
        path = Path(google.credentials)
    assert not path.exists()
