"""Reading pictures from real servers on this machine: results, once, politeness, opt-outs, redirects, TLS."""

import base64
import os
import threading
import time
from collections import Counter
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from images import STATUSES, FetchFailure, Picture, Settings, Store, read_pictures
from tests.end_to_end.fetching_servers import Answer, Request, certificate, here, local_settings, picture, serving


def read(folder: Path, urls: list[str], settings: Settings) -> dict[str, Picture | FetchFailure]:
    with Store(folder / "store") as store:
        return read_pictures(urls, settings, store)


def status(result: Picture | FetchFailure) -> str:
    return "ok" if isinstance(result, Picture) else result.status


def shop(request: Request) -> Answer | None:
    """A web site with a bit of everything."""
    path = request.path
    if path.startswith("/pictures/"):
        return Answer(picture(int(path.split("/")[2].split(".")[0])), headers={"ETag": f'"{path}"'})
    pages = {
        "/page": Answer(b"<!doctype html><title>Shop</title>" + b" " * 9000, headers={"Content-Type": "image/jpeg"}),
        "/moved": Answer(status=301, headers={"Location": "pictures/1.jpg"}),
        "/away": Answer(status=302, headers={"Location": "http://10.0.0.1/secret"}),
        "/file": Answer(status=302, headers={"Location": "file:///etc/passwd"}),
        "/nobots": Answer(picture(3), headers={"X-Robots-Tag": "noarchive, noimageai"}),
        "/otherbot": Answer(picture(4), headers={"X-Robots-Tag": "googlebot: noindex"}),
        "/cut": Answer(picture(5)[:-200]),
        "/svg": Answer(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"),
        "/empty": Answer(b""),
        "/forbidden": Answer(b"no", 403),
        "/large": Answer(picture(6) + b"\0" * 3_000_000),
    }
    return pages.get(path, Answer(b"gone", 404))


def test_every_text_gets_its_result(tmp_path: Path) -> None:
    with serving(shop) as server:
        site = f"http://shop.test:{server.port}"
        inline = "data:image/png;base64," + base64.b64encode(picture(7, kind="PNG")).decode()
        expected = {
            f"{site}/pictures/1.jpg": "ok",
            f'  "{site}/pictures/1.jpg#top" ': "ok",
            f"shop.test:{server.port}/pictures/2.jpg": "ok",
            f"{site}/moved": "ok",
            inline: "ok",
            "": "blank_cell",
            "   ": "blank_cell",
            "URL": "not_a_url",
            "Note: ask Ann": "not_a_url",
            "https://exa mple/": "not_a_url",
            "data:image/png;base64,###": "not_a_url",
            "data:text/plain,hello": "not_an_image",
            "javascript:alert(1)": "refused_address",
            "/etc/passwd": "refused_path",
            "file:///etc/passwd": "refused_path",
            f"{site}/away": "refused_address",
            f"{site}/file": "refused_address",
            f"{site}/page": "not_an_image",
            f"{site}/svg": "unsupported_format",
            f"{site}/empty": "not_an_image",
            f"{site}/cut": "broken_picture",
            f"{site}/forbidden": "http_error",
            f"{site}/gone": "http_error",
            f"{site}/nobots": "opted_out",
            f"{site}/otherbot": "ok",
            f"{site}/large": "too_large",
        }
        settings = local_settings(max_bytes=1_000_000)
        results = read(tmp_path, list(expected), settings)
        again = read(tmp_path, list(expected), settings)
    assert {text: status(result) for text, result in results.items()} == expected
    assert all(isinstance(r, Picture) or (r.status in STATUSES and r.reason.endswith(".")) for r in results.values())
    assert comparable(again) == comparable(results)
    moved = results[f"{site}/moved"]
    assert isinstance(moved, Picture)
    assert (moved.final_url, moved.format, moved.width, moved.height) == (f"{site}/pictures/1.jpg", "JPEG", 96, 64)
    away = results[f"{site}/away"]
    assert isinstance(away, FetchFailure)
    assert "10.0.0.1" in away.reason
    assert server.log.count("/pictures/1.jpg") == 2  # once for itself in three spellings, once behind the redirect


def comparable(results: dict[str, Picture | FetchFailure]) -> dict[str, object]:
    """Fingerprints are compared by their bytes."""
    return {
        text: (result.sha256, result.final_url, result.flags, result.fingerprint.to_bytes(), result.width, result.bytes)
        if isinstance(result, Picture)
        else result
        for text, result in results.items()
    }


def test_a_rerun_makes_no_request_and_gives_the_same(tmp_path: Path) -> None:
    with serving(shop) as server:
        site = f"http://shop.test:{server.port}"
        urls = [f"{site}/pictures/{n}.jpg" for n in range(30)] + [f"{site}/page", f"{site}/gone", f"{site}/cut"]
        first = read(tmp_path, urls, local_settings())
        asked = len(server.log)
        second = read(tmp_path, urls, local_settings())
        assert len(server.log) == asked
    assert comparable(second) == comparable(first)


def test_what_a_laxer_run_stored_does_not_get_past_stricter_rules(tmp_path: Path) -> None:
    with serving(shop) as server:
        url, robots = f"http://shop.test:{server.port}/pictures/1.jpg", f"http://shop.test:{server.port}/nobots"
        lax = read(tmp_path, [url, robots], local_settings(obey_opt_out=False))
        assert [status(r) for r in lax.values()] == ["ok", "ok"]
        assert status(read(tmp_path, [robots], local_settings())[robots]) == "opted_out"
        assert status(read(tmp_path, [url], local_settings(allow_private=()))[url]) == "refused_address"
        assert status(read(tmp_path, [url], local_settings(max_bytes=100))[url]) == "too_large"
        assert status(read(tmp_path, [url], local_settings(max_pixels=100))[url]) == "too_many_pixels"
        assert status(read(tmp_path, [url], local_settings())[url]) == "ok"


def test_refresh_asks_whether_something_changed(tmp_path: Path) -> None:
    version = {"body": picture(1), "tag": '"1"'}
    conditional: list[str] = []

    def changing(request: Request) -> Answer:
        conditional.append(request.headers.get("if-none-match", ""))
        if request.headers.get("if-none-match") == version["tag"]:
            return Answer(status=304)
        return Answer(version["body"], headers={"ETag": version["tag"]})  # type: ignore[dict-item,arg-type]

    with serving(changing) as server:
        url = f"http://shop.test:{server.port}/a.jpg"
        first = read(tmp_path, [url], local_settings())[url]
        same = read(tmp_path, [url], local_settings(refresh=True))[url]
        version.update(body=picture(2), tag='"2"')
        changed = read(tmp_path, [url], local_settings(refresh=True))[url]
    assert conditional == ["", '"1"', '"1"']
    assert isinstance(first, Picture)
    assert isinstance(same, Picture)
    assert isinstance(changed, Picture)
    assert first.sha256 == same.sha256 != changed.sha256


def test_a_refresh_that_fails_forgets_no_picture_unless_its_owner_opted_out(tmp_path: Path) -> None:
    answers = {"/a": Answer(picture(1)), "/b": Answer(picture(2)), "/c": Answer(picture(3))}
    with serving(lambda request: answers[request.path]) as server:
        urls = [f"http://shop.test:{server.port}{path}" for path in answers]
        first = read(tmp_path, urls, local_settings())
        answers.update({"/a": Answer(status=404), "/b": Answer(picture(2), headers={"X-Robots-Tag": "noimageai"})})
        answers["/c"] = Answer(picture(4)[: len(picture(4)) // 2])
        failed = read(tmp_path, urls, local_settings(refresh=True))
        later = read(tmp_path, urls, local_settings())
    assert [status(result) for result in failed.values()] == ["http_error", "opted_out", "broken_picture"]
    for url in (urls[0], urls[2]):
        assert comparable({url: later[url]}) == comparable({url: first[url]})
    assert status(later[urls[1]]) == "opted_out"


def test_hashes_only_keeps_no_file_and_needs_no_second_fetch(tmp_path: Path) -> None:
    with serving(shop) as server:
        urls = [f"http://shop.test:{server.port}/pictures/{n}.jpg" for n in range(5)]
        settings = local_settings(keep_bytes=False)
        first = read(tmp_path, urls, settings)
        assert not [path for path in (tmp_path / "store" / "objects").rglob("*") if path.is_file()]
        assert not list((tmp_path / "store" / "tmp").iterdir())
        asked = len(server.log)
        assert comparable(read(tmp_path, urls, settings)) == comparable(first)
        assert len(server.log) == asked
        read(tmp_path, urls, local_settings(need_bytes=True))
        assert len(server.log) == asked + 5
    with Store(tmp_path / "store") as store:
        for result in first.values():
            assert isinstance(result, Picture)
            assert store.open_bytes(result.sha256) is not None


def test_at_most_four_connections_a_host_and_hosts_take_turns(tmp_path: Path) -> None:
    def slow(request: Request) -> Answer:
        return replace(shop(request) or Answer(), delay=0.02)

    with serving(slow) as one, serving(slow) as other:
        urls = [f"http://big.test:{one.port}/pictures/{n}.jpg" for n in range(40)]
        urls += [f"http://small.test:{other.port}/pictures/{n}.jpg" for n in range(4)]
        results = read(tmp_path, urls, local_settings())
        assert Counter(map(status, results.values())) == {"ok": 44}
        assert one.busiest <= 4
        assert len(one.log) == 40


def test_a_pause_that_a_host_asks_for_is_kept_and_attempts_are_three(tmp_path: Path) -> None:
    times: list[float] = []

    def busy(request: Request) -> Answer:
        if request.path == "/never.jpg":
            return Answer(b"", 503)
        times.append(time.monotonic())
        return Answer(b"", 429, {"Retry-After": "1"}) if len(times) == 1 else Answer(picture(1))

    with serving(busy) as server:
        site = f"http://shop.test:{server.port}"
        results = read(tmp_path, [f"{site}/a.jpg", f"{site}/never.jpg"], local_settings())
    assert list(map(status, results.values())) == ["ok", "http_error"]
    assert times[1] - times[0] >= 1
    assert server.log.count("/never.jpg") == 3


def test_a_dead_host_costs_the_same_rows_whatever_the_timing(tmp_path: Path) -> None:
    """Five rows in a row without an answer, one probe at the end; other hosts are not touched."""
    with serving(shop) as server:
        outcomes = set()
        for run in range(2):
            urls = [f"http://dead.test:1/{n}.jpg" for n in range(12)]
            urls += [f"http://shop.test:{server.port}/pictures/{n}.jpg" for n in range(6)]
            results = read(tmp_path / str(run), urls, local_settings(attempts=1))
            outcomes.add(tuple(map(status, results.values())))
    assert outcomes == {("connect_failed",) * 6 + ("host_skipped",) * 6 + ("ok",) * 6}


def test_a_host_that_comes_back_is_probed_and_used_again(tmp_path: Path) -> None:
    refused = iter(range(5))

    def waking(request: Request) -> Answer | None:
        return None if next(refused, None) is not None else shop(request)

    with serving(waking) as server:
        urls = [f"http://sleepy.test:{server.port}/pictures/{n}.jpg" for n in range(9)]
        results = read(tmp_path, urls, local_settings(attempts=1, per_host=1))
    assert list(map(status, results.values())) == ["connect_failed"] * 5 + ["ok"] * 4


def test_certificates_are_checked_and_a_trusted_one_is_enough(tmp_path: Path) -> None:
    good, bundle = certificate(tmp_path, "*.pictures.test")
    expired, expired_bundle = certificate(tmp_path, "*.expired.test", days=-1)
    with serving(shop, tls=good) as trusted, serving(shop, tls=expired) as stale:
        url, wrong = f"https://a.pictures.test:{trusted.port}/pictures/1.jpg", f"https://a.other.test:{trusted.port}/x"
        old = f"https://a.expired.test:{stale.port}/pictures/1.jpg"
        known = read(tmp_path, [url, wrong], local_settings(ca_bundle=bundle))
        unknown = read(tmp_path / "2", [url], local_settings(attempts=1))
        late = read(tmp_path / "3", [old], local_settings(attempts=1, ca_bundle=expired_bundle))
    assert [status(known[url]), status(known[wrong])] == ["ok", "tls_failed"]
    failure = unknown[url]
    assert isinstance(failure, FetchFailure)
    assert (failure.status, "self-signed" in failure.reason) == ("tls_failed", True)
    stale_failure = late[old]
    assert isinstance(stale_failure, FetchFailure)
    assert "expired" in stale_failure.reason


def test_placeholders_are_suspected_by_content_and_by_final_address(tmp_path: Path) -> None:
    def stock(request: Request) -> Answer:
        if request.path.startswith("/gone"):
            return Answer(picture(99))
        if request.path.startswith("/old"):
            return Answer(status=302, headers={"Location": "/pictures/50.jpg"})
        return shop(request) or Answer()

    with serving(stock) as server:
        site = f"http://shop.test:{server.port}"
        names = ["gone1", "gone2", "gone3", "old1", "old2", "pictures/50.jpg", "pictures/7.jpg"]
        results = read(tmp_path, [f"{site}/{name}" for name in names], local_settings())
    flagged = [isinstance(r, Picture) and "placeholder_suspected" in r.flags for r in results.values()]
    # 50.jpg shares its bytes with the two that were redirected to it: three addresses of one host
    assert flagged == [True, True, True, True, True, True, False]


def test_user_agent_and_referer_are_sent_as_set(tmp_path: Path) -> None:
    seen: dict[str, dict[str, str]] = {}

    def watching(request: Request) -> Answer:
        seen[request.path] = request.headers
        return Answer(picture(1))

    with serving(watching) as server:
        urls = [f"http://{host}:{server.port}/{host}" for host in ("img.shop.test", "shop.example")]
        read(tmp_path, urls, local_settings(user_agent="team/1", referers=(("shop.test", "https://shop.test/"),)))
    assert seen["/img.shop.test"]["user-agent"] == "team/1"
    assert seen["/img.shop.test"]["referer"] == "https://shop.test/"
    assert "referer" not in seen["/shop.example"]
    assert seen["/shop.example"]["accept-encoding"] == "identity"
    assert "cookie" not in seen["/shop.example"]


def test_a_proxy_is_used_only_when_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def proxy(request: Request) -> Answer:
        return Answer(picture(1) if request.path.startswith("http://") else b"direct")

    with serving(proxy) as server, serving(shop) as site:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        url = f"http://shop.test:{site.port}/pictures/1.jpg"
        assert status(read(tmp_path / "1", [url], local_settings())[url]) == "ok"
        assert server.connections == 0
        asked = len(site.log)
        proxied = local_settings(proxy=f"http://127.0.0.1:{server.port}")
        assert status(read(tmp_path / "2", [url], proxied)[url]) == "ok"
        assert (server.connections, len(site.log)) == (1, asked)
        strict = replace(proxied, allow_private=(), resolve=Settings().resolve)
        inside = "http://10.0.0.1/x.jpg"
        assert status(read(tmp_path / "3", [inside], strict)[inside]) == "refused_address"


def test_local_pictures_only_from_where_they_are_allowed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "work", tmp_path / "private"
    (folder / "photos").mkdir(parents=True)
    outside.mkdir()
    (folder / "photos" / "cat 1.png").write_bytes(picture(1, kind="PNG"))
    (outside / "secret.jpg").write_bytes(picture(2))
    (folder / "link.jpg").symlink_to(outside / "secret.jpg")
    os.mkfifo(folder / "pipe.jpg")
    texts = {
        "photos/cat 1.png": "ok",
        "photos\\cat 1.png": "ok",
        (folder / "photos" / "cat 1.png").as_uri(): "ok",
        "photos/none.jpg": "file_not_found",
        "photos": "file_not_found",
        "pipe.jpg": "file_not_found",
        "link.jpg": "refused_path",
        "../private/secret.jpg": "refused_path",
        str(outside / "none.jpg"): "refused_path",
        "\\\\server\\share\\a.jpg": "refused_path",
        "header": "not_a_url",
    }
    settings = local_settings(base_folder=folder)
    assert {text: status(result) for text, result in read(tmp_path, list(texts), settings).items()} == texts
    allowed = replace(settings, allow_files=(outside,))
    assert status(read(tmp_path, ["link.jpg"], allowed)["link.jpg"]) == "ok"


def test_progress_is_told_from_the_callers_thread_and_ends_at_the_total(tmp_path: Path) -> None:
    told: list[tuple[int, int, bool]] = []
    main = threading.get_ident()
    with serving(shop) as server, Store(tmp_path) as store:
        urls = [f"http://shop.test:{server.port}/pictures/{n}.jpg" for n in range(10)] + [""]
        read_pictures(urls, local_settings(), store, lambda d, t: told.append((d, t, threading.get_ident() == main)))
    assert told[-1] == (11, 11, True)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert all(from_main for _, _, from_main in told)


def test_ports_are_those_of_the_web_unless_the_address_is_allowed(tmp_path: Path) -> None:
    public = local_settings(allow_private=(), resolve=Settings().resolve)
    results = read(tmp_path, ["http://93.184.215.14:22/x.jpg"], public)
    assert status(results["http://93.184.215.14:22/x.jpg"]) == "refused_address"
    with serving(shop) as server:
        url = f"http://shop.test:{server.port}/pictures/1.jpg"
        narrow = local_settings(allow_private=(ip_network("127.0.0.1/32"),), resolve=here)
        assert status(read(tmp_path, [url], narrow)[url]) == "ok"
