"""Every command on real photographs: the pairs of an image search, hard negatives, and web-like copies."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.near_duplicates import DATA, make_variants
from tests.end_to_end.commands import run

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set near-duplicates is not at {DATA}")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 24 photographs, a copy of each of the first 12, the web's own pairs, and photos of one place."""
    base = tmp_path_factory.mktemp("photographs")
    module = make_variants(DATA)
    names = [name for name, (tier, _) in module.TRANSFORMS.items() if tier < 3]
    (base / "photos" / "copies").mkdir(parents=True)
    for i, path in enumerate(sorted((DATA / "photos").iterdir())[::21][:24]):
        shutil.copy(path, base / "photos" / path.name)
        if i < 12:
            with Image.open(path) as opened:
                copy = module.variant(opened.convert("RGB"), path.name, names[3 * i], 1)
            extension, options = module.EXT.get(names[3 * i], ("jpg", {"quality": 90}))
            copy.save(base / "photos" / "copies" / f"{path.stem}.{extension}", **options)
    truth = json.loads((DATA / "truth.json").read_text("utf-8"))
    for folder, groups in (("web", truth["groups"][:12]), ("scene", truth["burst"][:1])):
        for k, group in enumerate(groups):
            for name in group:
                target = base / "photos" / folder / f"{k}" / Path(name).name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(DATA / name, target)
    return base


def _json(here: Path, *arguments: object) -> dict[str, Any]:
    done = run("find_similar.py", *arguments, "--json", "found.json", cwd=here)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((here / "found.json").read_text("utf-8"))
    return found


def _family(path: str) -> str:
    """Return what a picture of the folder shows: its photograph, its pair, or itself alone."""
    one = Path(path)
    if "web" in one.parts:
        return f"web {one.parent.name}"
    return path if "scene" in one.parts else one.stem


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_duplicates_are_the_copies_and_the_pairs_and_nothing_else(here: Path) -> None:
    groups = _json(here, "duplicates", "photos")["groups"]
    assert {len({_family(path) for path in group["pictures"]}) for group in groups} == {1}
    assert len(groups) == 24


def test_search_finds_the_photograph_of_a_small_crop(here: Path) -> None:
    photo = sorted((here / "photos").glob("*.*"))[20]
    with Image.open(photo) as opened:
        width, height = opened.size
        opened.convert("RGB").crop((width // 20, 0, width, height - height // 20)).resize((160, 120)).save(
            here / "q.jpg"
        )
    (searched,) = _json(here, "search", "photos", "--query", "q.jpg", "--png", "sheet.png")["searches"]
    assert [Path(one["path"]).name for one in searched["matches"]] == [photo.name]
    (searched,) = _json(here, "search", "photos", "--query", "q.jpg", "--nearest", 5)["searches"]
    assert Path(searched["matches"][0]["path"]).name == photo.name
    assert [one["verdict"] for one in searched["matches"][1:]] == ["-"] * 4


def test_show_writes_a_page_of_the_groups(here: Path) -> None:
    found = _json(here, "show", "photos", "-o", "similar")
    page = (here / "similar" / "groups.html").read_text("utf-8")
    assert page.count('class="badge">keep') == len(found["groups"]) == 24


def test_delete_takes_one_of_each_pair_and_undo_restores_every_byte(here: Path) -> None:
    before = _digests(here / "photos")
    planned = _json(here, "delete", "photos")["plan"]
    found = _json(here, "delete", "photos", "--yes", "--backup", "removed")
    assert found["plan"] == planned
    gone = set(before) - set(_digests(here / "photos"))
    assert {Path("photos", name).as_posix() for name in gone} == {
        Path(path).as_posix() for choice in planned for path in choice["remove"]
    }
    families = {_family(f"photos/{name}") for name in gone}
    assert len(families) == 24
    assert families <= {_family(f"photos/{name}") for name in _digests(here / "photos")}
    undone = run("find_similar.py", "delete", "--undo", found["summary"]["log"], cwd=here)
    assert undone.returncode == 0, undone.stderr
    assert _digests(here / "photos") == before
