"""The review page in a real browser, as a labeler uses it: keys, mouse, search, phone, hostile sheets, large sheets."""

import csv
import itertools
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from report.decisions import Decision, read_decisions
from report.review_page import review_page
from tests.end_to_end.browser import CHROMIUM, PIPE, Tab, asked_by_page, browser
from tests.end_to_end.commands import run
from tests.pictures import encoded, family, scene
from tests.review_results import result_of, thumbnails_of
from tests.servers import web_server

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(not PIPE, reason="a browser is driven through a pipe, which needs a POSIX system"),
]
TOLD = "document.getElementById('told').textContent"
SHOWN = "[...document.querySelectorAll('section:not([hidden]) .card b')].map((one) => one.textContent)"
NOW = "document.querySelector('.card.now b').textContent"

_RUN = "hacked=1;fetch('http://127.0.0.1:9/asked')"
PAYLOADS = (
    f"<script>{_RUN}</script>", f"</script><script>{_RUN}</script>", f"<img src=x onerror={_RUN}>",
    f"\"><img src=x onerror={_RUN}>", f"'><img src=x onerror={_RUN}>", f"<svg onload={_RUN}>",
    f"<svg><script>{_RUN}</script></svg>", f"<body onload={_RUN}>", f"<iframe srcdoc='<script>{_RUN}</script>'>",
    f"<iframe src=\"javascript:{_RUN}\">", f"javascript:{_RUN}", f"JaVaScRiPt:{_RUN}//http://", f"java\tscript:{_RUN}",
    f" javascript:{_RUN}", f"data:text/html,<script>{_RUN}</script>", f"vbscript:{_RUN}", f"--><script>{_RUN}</script>",
    f"<!--<script>{_RUN}", f"]]><script>{_RUN}</script>", f"</title><script>{_RUN}</script>",
    f"</style><script>{_RUN}</script>", f"</textarea><script>{_RUN}</script>", f"<input autofocus onfocus={_RUN}>",
    f"<details open ontoggle={_RUN}>", f"<video><source onerror={_RUN}></video>", f"<audio src=x onerror={_RUN}>",
    f"<object data=\"javascript:{_RUN}\">", f"<embed src=\"javascript:{_RUN}\">",
    f"<a href=\"javascript:{_RUN}\">x</a>",
    f"<math><a xlink:href=\"javascript:{_RUN}\">x", f"<form action=\"javascript:{_RUN}\"><button>x</button></form>",
    "<link rel=stylesheet href=http://127.0.0.1:9/asked>", "<style>@import 'http://127.0.0.1:9/asked';</style>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/asked'>", "<base href=http://127.0.0.1:9/asked/>",
    "<img src=http://127.0.0.1:9/asked>", "<p style=\"background:url(http://127.0.0.1:9/asked)\">",
    f"\\u003cscript>{_RUN}\\u003c/script>", f"\";{_RUN};\"", f"${{{_RUN}}}`{{{{constructor.constructor('{_RUN}')()}}}}",
)  # fmt: skip


def _rows(path: Path, rows: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("#", "url", "label"), *((i, *row) for i, row in enumerate(rows))])


def _page(folder: Path, rows: list[tuple[str, str]]) -> Path:
    _rows(folder / "foods.csv", rows)
    done = run(
        "sort_similar.py", "-s", "foods.csv", "-r", "B2:C", "--dry-run", "--allow-private", "127.0.0.0/8",
        "--html", "review.html", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "To review: open review.html in a browser." in done.stdout
    return folder / "review.html"


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two groups: rows 2, 4 and 6 (one picture twice), and rows 3, 5 and 8; row 7 is alone."""
    here = tmp_path_factory.mktemp("reviewed")
    files = {f"/{seed}/{name}": data for seed in (1, 2) for name, data in family(seed).items()}
    files["/alone.jpg"] = encoded(scene(9))
    names = ("1/half.jpg", "2/half.jpg", "1/original.jpg", "2/original.jpg", "1/half.jpg", "alone.jpg", "2/low.webp")
    with web_server(files) as web:
        return _page(here, [(f"{web.url}/{name}", f"label {i} of {name[0]}") for i, name in enumerate(names)])


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browser(tmp_path) as opened:
        yield opened


def _saved(tab: Tab, folder: Path) -> list[Decision]:
    before = len(tab.downloaded)
    tab.press("s")
    tab.until(lambda: len(tab.downloaded) > before)
    newest = max(folder.glob("decisions-*.json"), key=lambda path: path.stat().st_mtime_ns)
    return read_decisions(newest)


def test_decisions_by_keyboard_come_back_from_the_saved_file(reviewed: Path, tab: Tab, tmp_path: Path) -> None:
    tab.open(reviewed)
    assert tab.run(NOW) == "row 2"
    tab.press("1", "2", "d")  # row 2 keep, row 4 drop, row 6 drop
    assert "1 of 2 groups decided" in tab.run(TOLD)
    tab.press("z", "n")  # row 6 distinct instead
    tab.press("ArrowDown", "ArrowRight", "k", "ArrowUp", "ArrowDown")  # to the second group, and about in it
    assert tab.run(NOW) == "row 3"
    tab.press("j", "3", "ArrowLeft", "ArrowLeft", "2", "0")  # row 5 distinct; row 3 drop; row 5 undecided again
    tab.press("ArrowLeft", "ArrowLeft", "a")  # what is undecided in that group: keeper keep, others drop
    assert "2 of 2 groups decided" in tab.run(TOLD)
    at = tab.run("data.rows.map((row) => [row.row, row.url])")
    url = {row: str(address) for row, address in at}
    content = dict(tab.run("data.rows.map((row) => [row.row, data.contents[row.picture]])"))
    assert _saved(tab, tmp_path) == [  # rows 2 and 6 are one file, so row 6 is distinct from the other one alone
        Decision(url[2], 1, "keep"), Decision(url[4], 1, "drop"),
        Decision(url[2], 2, "distinct", content[6], (content[4],)),
        Decision(url[3], 1, "drop"), Decision(url[5], 1, "keep"), Decision(url[8], 1, "drop"),
    ]  # fmt: skip
    saved = json.loads((tmp_path / "decisions-foods.json").read_text("utf-8"))
    assert list(saved) == ["schema", "spreadsheet", "worksheet", "range", "decisions"]
    assert (saved["spreadsheet"], saved["range"]) == ("foods.csv", "B2:C")
    assert "saved as decisions-foods.json" in tab.run(TOLD)
    assert tab.console == []
    assert {address for address in tab.asked if not address.startswith(("data:", "blob:"))} == {reviewed.as_uri()}


def test_decisions_by_mouse_and_their_undo(reviewed: Path, tab: Tab, tmp_path: Path) -> None:
    tab.open(reviewed)
    tab.click(".card .drop", 1)
    tab.click(".card .distinct", 2)
    tab.click(".card .distinct", 2)  # pressed again: undecided
    tab.click(".accept", 1)
    assert "1 of 2 groups decided \u00b7 4 of 6 pictures" in tab.run(TOLD)
    tab.click("#undo")
    assert [one.decision for one in _saved(tab, tmp_path)] == ["drop"]
    tab.click("#clear")
    assert tab.run("document.getElementById('save').disabled")
    tab.click("#undo")
    assert [one.decision for one in _saved(tab, tmp_path)] == ["drop"]
    assert tab.run("document.querySelectorAll('[data-decision=drop]').length") == 1


def test_unsaved_work_survives_a_reload_and_the_page_says_so_where_it_would_not(reviewed: Path, tab: Tab) -> None:
    tab.open(reviewed)
    tab.press("1", "2")
    tab.open(reviewed)
    assert "2 of 6 pictures \u00b7 not saved yet \u00b7 2 remembered from before" in tab.run(TOLD)
    assert tab.run("[...document.querySelectorAll('[data-decision]')].map((one) => one.dataset.decision)") == [
        "keep", "drop",
    ]  # fmt: skip
    tab.send(
        "Page.addScriptToEvaluateOnNewDocument",
        source="Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})",
    )
    tab.open(reviewed)
    assert "0 of 6 pictures" in tab.run(TOLD)
    tab.press("1")
    assert "not saved, and a reload would lose it" in tab.run(TOLD)
    assert tab.console == []


def test_the_search_finds_addresses_labels_and_rows_and_shows_their_whole_block(reviewed: Path, tab: Tab) -> None:
    tab.open(reviewed)
    for asked, rows in {
        "low.webp": [3, 5, 8], "LABEL 2 of": [2, 4, 6], "row 5": [3, 5, 8], "group 1": [2, 4, 6], "row 50": [],
    }.items():  # fmt: skip
        tab.run("search.value = ''")
        tab.press("/", *asked, "Enter")
        assert tab.run(SHOWN) == [f"row {row}" for row in rows], asked
    assert tab.run("document.getElementById('nothing').textContent") == "No picture matches."
    tab.run("search.value = ''; search.dispatchEvent(new Event('input'))")
    tab.press("a")
    tab.click("#open")
    assert tab.run(SHOWN) == ["row 2", "row 4", "row 6"]  # the group of the last row found was decided


def test_the_page_fits_a_phone_and_is_light_and_dark(reviewed: Path, tab: Tab, tmp_path: Path) -> None:
    tab.open(reviewed)
    for width, dark in itertools.product((320, 390, 700, 1280), (False, True)):
        tab.look(tmp_path / f"{width}.png", width, 800, dark=dark)
        assert tab.run("document.documentElement.scrollWidth") <= width
        ground = tab.run("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground))) < 200) is dark
        buttons = "[...document.querySelectorAll('.choices button')]"
        assert tab.run(f"Math.min(...{buttons}.map((one) => one.offsetWidth))") >= 40
        with Image.open(tmp_path / f"{width}.png") as shot:
            pixels = np.asarray(shot.convert("RGB")).astype(int)
        assert (pixels.max(axis=2) - pixels.min(axis=2) > 90).sum() > 5_000, "no thumbnails are seen"


def _use(tab: Tab) -> None:
    """Look at all of a page and touch what can be touched without following a link."""
    tab.run("sections.forEach(build)")
    for card in range(0, 40, 8):
        tab.click(".card .keep", card)
    tab.press("a", "ArrowDown", "/", *"<img src=x>", "Enter")
    tab.run("element('unreadable').open = true")
    tab.run("search.value = ''; search.dispatchEvent(new Event('input'))")
    tab.run("new Promise((done) => setTimeout(done, 300))")


def test_no_text_of_a_sheet_becomes_code_or_asks_for_anything(tmp_path: Path) -> None:
    assert len(PAYLOADS) == 40
    # Through the command: hostile labels, and hostile addresses that lead to a picture.
    picture = {f"/{seed}.jpg": encoded(scene(seed)) for seed in range(2)}
    with web_server(picture) as web:
        rows = [(f"{web.url}/{i % 2}.jpg#{payload}", payload) for i, payload in enumerate(PAYLOADS)]
        by_command = _page(tmp_path, rows)
    # And whatever else an address, a title or a tab may be.
    found = result_of([PAYLOADS[i : i + 2] for i in range(0, 40, 2)], name=PAYLOADS[1])
    lost = (replace(one, row=100 + one.row, status="http_error", reason=one.url, block=None) for one in found.rows)
    found = replace(found, rows=(*found.rows, *lost))
    by_hand = tmp_path / "by-hand.html"
    by_hand.write_bytes(review_page(found, PAYLOADS * 2, thumbnails_of(found, 4)).encode())
    with browser(tmp_path) as tab:
        for page in (by_command, by_hand):
            tab.open(page)
            _use(tab)
            assert tab.run("data.rows.length") == 40
            assert tab.run("document.querySelectorAll('.card').length") == 40
            assert tab.run("document.querySelectorAll('#unreadable li').length") == tab.run("data.unreadable.length")
            assert tab.run("typeof hacked") == "undefined"
            assert tab.run("document.querySelectorAll('script').length") == 2
            foreign = "iframe, object, embed, svg, math, base, form, video, audio, link:not([rel=icon])"
            assert tab.run(f"document.querySelectorAll('{foreign}').length") == 0
            attributes = tab.run("[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())")
            assert not [name for name in attributes if name.startswith("on")]
            links = tab.run("[...document.querySelectorAll('a[href]')].map((one) => one.protocol)")
            assert set(links) <= {"http:"}
            assert len(links) == (40 if page == by_command else 0)
        assert (tab.console, tab.opened) == ([], [])
        assert {one for one in tab.asked if not one.startswith("data:")} == {by_command.as_uri(), by_hand.as_uri()}
    assert asked_by_page(tmp_path / "net.json") == set()


def test_the_same_texts_do_harm_where_a_page_lets_them(tmp_path: Path, tab: Tab) -> None:
    """Otherwise the test above would prove nothing."""
    bare = tmp_path / "bare.html"
    bare.write_text("<!DOCTYPE html>" + "".join(PAYLOADS[:9]), "utf-8")
    tab.open(bare)
    assert tab.run("hacked") == 1
    tab.until(lambda: "http://127.0.0.1:9/asked" in tab.asked)


def test_the_policy_allows_what_is_in_the_page_alone(reviewed: Path, tab: Tab) -> None:
    tab.open(reviewed)
    tab.run(
        "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/asked.jpg'}));"
        "var bad = document.createElement('script'); bad.textContent = 'hacked = 1'; document.body.append(bad)"
    )
    assert tab.run("fetch('http://127.0.0.1:9/').then(() => 'answered', () => 'refused')") == "refused"
    assert tab.run("typeof hacked") == "undefined"
    for directive in ("img-src data:", "script-src 'sha256-", "Refused to connect"):
        assert [told for told in tab.console if directive in told and "Content Security Policy" in told], directive


def test_a_page_of_2_000_groups_opens_and_scrolls(tab: Tab, tmp_path: Path) -> None:
    found = result_of([[f"http://a/{i}/{k}.jpg" for k in range(3)] for i in range(2000)])
    page = tmp_path / "large.html"
    made = review_page(found, [f"label {i}" for i in range(6000)], thumbnails_of(found))
    page.write_bytes(made.encode())
    loaded = tab.open(page)
    built = tab.run("document.querySelectorAll('.card').length")
    assert tab.run("document.documentElement.dataset.ready") == "6000"
    assert 0 < built < 300
    started = time.monotonic()
    tab.run("scrollTo(0, document.body.scrollHeight); new Promise((done) => setTimeout(done, 0))")
    tab.until(lambda: tab.run("cards[5999] !== undefined && cards[5999].getBoundingClientRect().top < innerHeight * 3"))
    scrolled = time.monotonic() - started
    tab.press("/", *"row 4003", "Enter", "1")
    assert tab.run("[...decided.keys()]") == [4001]
    assert tab.console == []
    print(
        f"\n2,000 groups, 6,000 pictures: {len(made) / 1e6:.1f} MB, loaded in {loaded:.2f} s with {built} pictures"
        f" built, scrolled to its end in {scrolled:.2f} s"
    )
