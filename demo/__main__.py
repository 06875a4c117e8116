"""Make a workbook of real photographs and their copies, sort it with the real command, and show it before and after."""

import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import openpyxl

from demo.pictures import PHOTOGRAPHS, copies, originals
from demo.server import serving

_ROOT = Path(__file__).resolve().parent.parent
_OUT = _ROOT / "demo" / "out"
_SEED = 7
_RANGE = "B2:C"


def main() -> int:
    """Run the demo and return the command's exit code, or 1 when copies did not end up together."""
    shutil.rmtree(_OUT, ignore_errors=True)
    _OUT.mkdir(parents=True)
    chance = random.Random(_SEED)  # noqa: S311 - the same demo every time
    with ExitStack() as stack:
        rows = _rows(chance, stack)
        workbook = _OUT / "pictures.xlsx"
        _write(workbook, rows)
        _show("Before: the rows as a team collected them", _read(workbook))
        command = [
            "sort_similar.py", "-s", str(workbook.relative_to(_ROOT)), "-w", "Pictures", "-r", _RANGE,
            "--state", str((_OUT / "state").relative_to(_ROOT)), "--allow-private", "127.0.0.0/8",
        ]  # fmt: skip
        print(f"\n$ python {' '.join(command)}")
        code = subprocess.run([sys.executable, *command], cwd=_ROOT, check=False).returncode  # noqa: S603 - ours
        after = _read(workbook)
        _show("\nAfter: similar pictures are neighbours, rows without a picture are last", after)
    together = _together(after)
    print(f"\n{together} of {len(PHOTOGRAPHS)} photographs have all their copies on neighbouring rows.")
    print(f"The workbook is {workbook.relative_to(_ROOT)}; its backup lies beside it.")
    return code or int(together < len(PHOTOGRAPHS))


def _rows(chance: random.Random, stack: ExitStack) -> list[tuple[str, str]]:
    """Serve the pictures and return (address, label) rows in a shuffled order."""
    files: dict[str, bytes] = {}
    slow: dict[str, bytes] = {}
    labels: dict[str, str] = {}
    label_of = {Path(name).stem: label for name, label in PHOTOGRAPHS.items()}
    for name, picture in originals().items():
        for kind, data in copies(picture, chance).items():
            path = f"/{name}/{kind}"
            labels[path] = label_of[name]
            (slow if kind == "resized.jpg" else files)[path] = data
    files["/news/article.html"] = b"<!doctype html><title>An article</title><p>No picture here.</p>"
    labels["/news/article.html"] = labels["/gone/photo.jpg"] = "unknown"
    fast_host = stack.enter_context(serving(files))
    slow_host = stack.enter_context(serving(slow, delay=0.7))
    rows = [((slow_host if path in slow else fast_host) + path, label) for path, label in labels.items()]
    chance.shuffle(rows)
    return rows


def _write(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Pictures"
    sheet.append(["#", "url", "label"])
    for number, (url, label) in enumerate(rows, start=1):
        sheet.append([number, url, label])
    book.save(path)


def _read(path: Path) -> list[tuple[str, str]]:
    sheet = openpyxl.load_workbook(path)["Pictures"]
    return [(str(url), str(label)) for _, url, label in sheet.iter_rows(min_row=2, values_only=True)]


def _show(title: str, rows: Sequence[tuple[str, str]]) -> None:
    print(title)
    for number, (url, label) in enumerate(rows, start=2):
        print(f"  {number:>3}  {urlsplit(url).path.strip('/'):<34} {label}")


def _together(rows: Sequence[tuple[str, str]]) -> int:
    """Count the photographs whose copies stand on neighbouring rows."""
    names = [urlsplit(url).path.split("/")[1] for url, _ in rows]
    places = {Path(name).stem: [i for i, row in enumerate(names) if row == Path(name).stem] for name in PHOTOGRAPHS}
    return sum(found[-1] - found[0] == len(found) - 1 for found in places.values())


if __name__ == "__main__":
    raise SystemExit(main())
