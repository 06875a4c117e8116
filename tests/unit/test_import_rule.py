"""The rooms import only what ARCHITECTURE.md allows, and each third-party client has its one place."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = {"errors", "atomic"}
ROOMS: dict[str, set[str]] = {
    "hashing": set(),
    "console": set(),
    "sheets": set(),
    "images": {"hashing"},
    "finding": {"hashing", "images"},
    "cleaning": {"images"},
    "report": {"hashing", "images", "console", "finding", "cleaning"},
    "export": {"hashing", "images", "report"},
    "reviewing": {"hashing", "images", "report", "console", "sheets"},
    "sorting": {"hashing", "images", "report", "console", "sheets", "reviewing"},
}
HASHING_MAY_USE = {"numpy", "scipy", "PIL", "imagehash", "numba", "llvmlite", "pywt", "threadpoolctl"}
CLIENTS: dict[str, str | tuple[str, ...]] = {
    "gspread": "sheets/google",
    "google": "sheets/google",
    "requests": ("images/transport", "sheets/google"),
    "urllib3": ("images/", "sheets/google"),
    "lxml": "sheets/xlsx",
    "tqdm": "console/progress",
    "sqlite3": "images/store",
    "send2trash": "cleaning/trash",
    "openTSNE": "finding/planar",
    "pyarrow": "export/parquet",
}
OURS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} | {
    path.stem for path in ROOT.glob("*.py")
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    allowed = ROOMS[room] | {room} | (ROOTS if room != "hashing" else set())
    assert set(imports(path)) & OURS <= allowed


def test_hashing_is_pure() -> None:
    """No files, no network, no clock, no chance; of the system it asks for the number of processors alone."""
    impure = {"pathlib", "shutil", "tempfile", "socket", "time", "datetime", "random", "subprocess", "io"}
    for path in sorted((ROOT / "hashing").rglob("*.py")):
        used = set(imports(path))
        assert not used & impure, path
        assert used - set(sys.stdlib_module_names) - OURS <= HASHING_MAY_USE, path
        names = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text("utf-8")))
                 if isinstance(node, ast.Attribute | ast.Name)}  # fmt: skip
        assert "open" not in names, path
        assert {name for name in names if name.startswith("os.")} <= {"os.cpu_count"}, path


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_has_its_one_place(client: str) -> None:
    places = CLIENTS[client]
    for path in [*files(), *ROOT.glob("*.py")]:
        if client in set(imports(path)):
            assert path.relative_to(ROOT).as_posix().startswith(places), f"{path} imports {client}"


def test_every_source_file_is_small_enough_to_read_in_one_sitting() -> None:
    large = [path for path in files() if path.stat().st_size > 28_000]
    assert large == []
