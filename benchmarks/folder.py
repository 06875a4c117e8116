"""The whole job on one folder, find its near-duplicates, beside difPy, imagededup's hashing and findimagedupes.

    python benchmarks/folder.py [FOLDER]

Without FOLDER: the photographs of the data set `near-duplicates` with one web-like copy of each of the first 200, made
for this run. Pairs are judged by the copies' names: `found` counts true pairs, `false` all others. `CPU` is what a tool
and its processes took of all cores, which hangs less on what else the machine does than the time.
"""

import argparse
import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.near_duplicates import DATA, make_variants
from finding.looking import arranged, look_at, settings_of
from finding.options import Matching
from images import Store

ROOT = Path(__file__).resolve().parent.parent
Pairs = set[frozenset[str]]
_COPIES = 200


def made(folder: Path) -> None:
    """Fill a folder with photographs and copies of some: `x.jpg` and `x--half.jpg` are a true pair."""
    module = make_variants(DATA)
    names = [name for name, (tier, _) in module.TRANSFORMS.items() if tier == 1]
    for i, path in enumerate(sorted((DATA / "photos").iterdir())):
        shutil.copy(path, folder / path.name)
        if i < _COPIES:
            name = names[i % len(names)]
            with Image.open(path) as opened:
                copy = module.variant(opened.convert("RGB"), path.name, name, 1)
            extension, options = module.EXT.get(name, ("jpg", {"quality": 90}))
            copy.save(folder / f"{path.stem}--{name}.{extension}", **options)


def pairs_of(groups: Iterable[Iterable[str]]) -> Pairs:
    """Return the pairs of file names within groups."""
    return {
        frozenset(pair)
        for group in groups
        for pair in itertools.combinations(sorted({Path(one).name for one in group}), 2)
    }


def ours(folder: Path, state: Path) -> Pairs:
    """Run the command itself, a process of its own."""
    target = state / "found.json"
    command = [sys.executable, str(ROOT / "find_similar.py"), "duplicates", str(folder), "--json", str(target)]
    subprocess.run([*command, "--state", str(state)], check=True, capture_output=True)
    return pairs_of(group["pictures"] for group in json.loads(target.read_text("utf-8"))["groups"])


_DIFPY = """
import difPy, json, sys
if __name__ == "__main__":
    d = difPy.build(sys.argv[1], show_progress=False, logs=False)
    s = difPy.search(d, similarity="similar", show_progress=False, logs=False)
    print("FOUND" + json.dumps({k: [m[0] for m in v] for k, v in s.result.items()}))
"""
# Its hashing part alone, without the neural networks (some gigabytes) that its package imports.
_IMAGEDEDUP = """
import importlib, importlib.util, json, pathlib, sys, types
root = pathlib.Path(importlib.util.find_spec("imagededup").submodule_search_locations[0])
for part in ("methods", "utils"):
    package = sys.modules[f"imagededup.{part}"] = types.ModuleType(f"imagededup.{part}")
    package.__path__ = [str(root / part)]
if __name__ == "__main__":
    finder = importlib.import_module("imagededup.methods.hashing").PHash(verbose=False)
    print("FOUND" + json.dumps(finder.find_duplicates(image_dir=sys.argv[1])))
"""


def difpy(folder: Path, _: Path) -> Pairs:
    """Run difPy with its way of finding similar pictures."""
    return _peer("difPy", _DIFPY, folder)


def imagededup(folder: Path, _: Path) -> Pairs:
    """Run imagededup's phash with its default distance of 10, by its own brute force."""
    return _peer("imagededup", _IMAGEDEDUP, folder)


def _peer(name: str, code: str, folder: Path) -> Pairs:
    """Run a library in a process of its own, as ours runs."""
    if importlib.util.find_spec(name) is None:
        raise ImportError(name)
    with tempfile.TemporaryDirectory() as here:
        script = Path(here) / "peer.py"
        script.write_text(code, "utf-8")
        done = subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True, text=True)
    found = re.search(r"FOUND(.*)", done.stdout)
    matches = json.loads(found[1]) if found else {}
    return {frozenset((Path(a).name, Path(b).name)) for a, others in matches.items() for b in others}


def findimagedupes(folder: Path, _: Path) -> Pairs:
    """Run Debian's findimagedupes with its default threshold of 90 %."""
    if not shutil.which("findimagedupes"):
        raise ImportError("findimagedupes")
    done = subprocess.run(["findimagedupes", "-R", "--", str(folder)], check=False, capture_output=True, text=True)
    return pairs_of(line.split() for line in done.stdout.splitlines())


def thresholds(folder: Path, state: Path, true: Pairs) -> None:
    """Print what thresholds, hashes and sizes find, verified and by the vote alone."""
    choices = itertools.product((8, 16), (("ahash", "phash", "dhash"), ("phash",)), (True, False), (1, 8, 16, 20))
    with Store(state / "store") as store:
        for size, names, verify, diff in choices:
            own = max(1, diff * size**2 // 64)
            matching = Matching(names, size, own, len(names) // 2 + 1, verify, ())
            album = look_at(
                [folder], settings_of(fast_jpeg=False), store, matching,
                hidden=False, follow_links=False, spared=(), progress=lambda *_: None,
            )  # fmt: skip
            groups = arranged(album, matching, lambda *_: None).groups
            found = pairs_of([album.files[i].path for i in group.members] for group in groups)
            how = "verified" if verify else "vote alone"
            likeness = f"{matching.similarity(own - 1):5.1f} %"
            print(f"  {size**2:>4} bits  {'+'.join(names):<17}  -d {own:>3} ({likeness})  {how:<10}"
                  f"  found {len(found & true):4}   false {len(found - true):4}", flush=True)  # fmt: skip


PEERS: dict[str, Callable[[Path, Path], Pairs]] = {
    "ours, first run": ours,
    "ours, second run": ours,
    "difPy": difpy,
    "imagededup": imagededup,
    "findimagedupes": findimagedupes,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--thresholds", action="store_true", help="our own settings instead of other tools")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as here:
        folder = options.folder or Path(here) / "photos"
        if not options.folder:
            folder.mkdir()
            made(folder)
        files = [path.name for path in sorted(folder.rglob("*")) if path.is_file()]
        stems: dict[str, list[str]] = {}
        for name in files:
            stems.setdefault(Path(name).stem.partition("--")[0], []).append(name)
        true = pairs_of(stems.values())
        print(f"{len(files)} files, {len(true)} true pairs, {os.cpu_count()} cores")
        if options.thresholds:
            thresholds(folder, Path(here), true)
            return
        # As old as files of a real folder are: a file of this very moment is not trusted to stay as it is.
        time.sleep(3)
        for name, find in PEERS.items():
            started, worked = time.perf_counter(), sum(os.times()[:4])
            try:
                found = find(folder, Path(here))
            except ImportError:
                print(f"  {name:<18} not installed")
                continue
            took, work = time.perf_counter() - started, sum(os.times()[:4]) - worked
            right, false = len(found & true), len(found - true)
            print(f"  {name:<18} {took:7.2f} s   CPU {work:6.2f} s   found {right:4}   false {false:6}", flush=True)


if __name__ == "__main__":
    main()
