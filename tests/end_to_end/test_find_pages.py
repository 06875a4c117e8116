"""The pages in a real browser: thumbnails are seen, no script fails, nothing is asked for, whatever names say."""

import base64
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.end_to_end.browser import CHROMIUM, FLAGS, asked_by_page
from tests.end_to_end.commands import run
from tests.pictures import encoded, family, scene

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")
HOSTILE = (
    "<img src=x onerror=document.title=1>.jpg",
    "\"'><script>fetch('http:&#47;&#47;127.0.0.1:9')<%2Fscript>.jpg",
    "javascript:alert(1)&lt;b&gt;.jpg",
    "<!--.jpg",
    "]]>\u202e gpj.jpg",
)


@dataclass(frozen=True)
class Seen:
    """What the browser made of a page: its document at the end, its console, and which addresses the page asked for."""

    document: str
    console: list[str]
    asked: set[str]
    picture: Image.Image


def _open(page: Path, tmp_path: Path, width: int = 1000) -> Seen:
    def chromium(*arguments: str) -> subprocess.CompletedProcess[str]:
        profile = tmp_path / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        return subprocess.run(
            [
                CHROMIUM, *FLAGS, f"--user-data-dir={profile}",
                "--enable-logging=stderr", "--virtual-time-budget=5000", f"--window-size={width},900", *arguments,
                page.as_uri(),
            ],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip

    shot, log = tmp_path / "shot.png", tmp_path / "net.json"
    dumped = chromium("--dump-dom", f"--log-net-log={log}")
    chromium(f"--screenshot={shot}")
    with Image.open(shot) as picture:
        picture.load()
    console = [line for line in dumped.stderr.splitlines() if "CONSOLE" in line]
    return Seen(dumped.stdout, console, asked_by_page(log), picture)


def test_a_request_of_a_page_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "asks.html"
    page.write_text('<img src="http://127.0.0.1:9/asked.jpg"><script>throw new Error("told")</script>', "utf-8")
    seen = _open(page, tmp_path)
    assert seen.asked == {"http://127.0.0.1:9/asked.jpg"}
    assert "told" in seen.console[0]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of a folder with two families, one of them with hostile names, and two pictures alone."""
    here = tmp_path_factory.mktemp("pages")
    photos = here / "photos"
    photos.mkdir()
    for name in HOSTILE:
        (photos / name).write_bytes(encoded(scene(1)))
    for name, data in family(2).items():
        (photos / name).write_bytes(data)
    for seed in (5, 6):
        (photos / f"alone {seed}.png").write_bytes(encoded(scene(seed), "PNG"))
    query = here / "<b>query&amp;.jpg"
    query.write_bytes(encoded(scene(2)))
    shown = run("find_similar.py", "show", "photos", "--map", "-o", "similar", cwd=here)
    assert shown.returncode == 0, shown.stderr
    found = run("find_similar.py", "search", "photos", "--query", query.name, "--html", "similar/s.html", cwd=here)
    assert found.returncode == 0, found.stderr
    return here / "similar"


def _elements(document: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, [name for name, _ in attrs]))

    Reader().feed(document)
    return found


def _colours(picture: Image.Image) -> int:
    """Return how many pixels are as colourful as the photographs, and as nothing of a page's own."""
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    return int((pixels.max(axis=2) - pixels.min(axis=2) > 90).sum())


@pytest.mark.parametrize(("name", "pictures"), [("groups", 9), ("s", 5), ("map", 1)])
@pytest.mark.parametrize("width", [1000, 500])
def test_a_page_shows_its_pictures_and_asks_for_nothing(
    *, pages: Path, tmp_path: Path, name: str, pictures: int, width: int
) -> None:
    seen = _open(pages / f"{name}.html", tmp_path, width)
    assert seen.console == []
    assert seen.asked == set()
    assert seen.document.count('src="data:image/jpeg;base64,') == pictures
    assert _colours(seen.picture) > 5_000, "no thumbnails are seen"
    # Names are text: what they would make, were they markup, is not there.
    elements = _elements(seen.document)
    assert not {attribute for _, attributes in elements for attribute in attributes if attribute.startswith("on")}
    tags = [tag for tag, _ in elements]
    assert tags.count("script") == (2 if name == "map" else 0)
    assert tags.count("img") == pictures
    assert "<title>1</title>" not in seen.document


def test_the_groups_page_names_every_picture_of_a_group_and_one_keeper_each(pages: Path, tmp_path: Path) -> None:
    seen = _open(pages / "groups.html", tmp_path)
    assert seen.document.count('class="badge">keep') == 2
    assert "&lt;img src=x onerror=document.title=1&gt;.jpg" in seen.document
    assert "original.jpg" in seen.document
    assert "alone 5.png" not in seen.document


def test_the_map_draws_every_picture(pages: Path, tmp_path: Path) -> None:
    seen = _open(pages / "map.html", tmp_path)
    assert 'data-drawn="11"' in seen.document
    with Image.open(pages / "map.png") as picture:
        assert picture.size == (3000, 3000)
        assert _colours(picture) > 5_000


def test_a_page_allows_nothing_but_what_is_in_it(pages: Path) -> None:
    for name in ("groups", "s", "map"):
        text = (pages / f"{name}.html").read_text("utf-8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
        assert policy is not None
        assert "default-src 'none'" in policy[1]
        assert "unsafe" not in policy[1]
        assert not re.search(r'(?:src|href)="(?!data:)', text)


def test_near_duplicates_lie_together_on_the_map(pages: Path) -> None:
    data = re.search(r'id="data">(.*?)</script>', (pages / "map.html").read_text("utf-8"), re.DOTALL)
    assert data is not None
    pictures = json.loads(data[1])["pictures"]
    for one in pictures:
        if one["group"]:
            far = sorted(pictures, key=lambda other: (other["x"] - one["x"]) ** 2 + (other["y"] - one["y"]) ** 2)
            assert far[1]["group"] == one["group"]


def test_thumbnails_keep_the_shape_of_their_pictures(pages: Path) -> None:
    text = (pages / "groups.html").read_text("utf-8")
    for uri in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text):
        (pages / "one.jpg").write_bytes(base64.b64decode(uri))
        with Image.open(pages / "one.jpg") as small:
            assert abs(small.width / small.height - 4 / 3) < 0.05
