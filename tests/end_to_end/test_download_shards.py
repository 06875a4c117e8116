"""Exports as WebDataset shards and as Parquet: loaded by their own readers, whole or as before, resumed and cleaned."""

import contextlib
import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import download_images
from tests.end_to_end.commands import arguments_of, run
from tests.pictures import encoded, family, scene

KILLS = 30 if os.environ.get("CURATION_STRESS") == "1" else 2
FORMATS = ("webdataset", "parquet")
ROWS = 24
COMMAND = ("-s", "foods.csv", "-r", "A2:A", "-o", "out", "--label-column", "B")


@pytest.fixture
def foods(tmp_path: Path) -> Path:
    """Return a folder with a sheet of local pictures; four of them are one family."""
    kinds = ("JPEG", "PNG", "WEBP")
    names = [f"{i}.{kind.lower()}" for i, kind in zip(range(20), kinds * 7, strict=False)]
    for i, name in enumerate(names):
        (tmp_path / name).write_bytes(encoded(scene(i, 64, 48), kinds[i % 3]))
    for name, data in family(77).items():
        (tmp_path / name).write_bytes(data)
    write_sheet(tmp_path, [*names, *family(77)])
    return tmp_path


def write_sheet(folder: Path, names: list[str]) -> None:
    with (folder / "foods.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = [[name, f"Speise {i % 3}" if i % 5 else "", f"a.{i // 2}.b"] for i, name in enumerate(names)]
        csv.writer(stream).writerows([["url", "label", "name"], *rows])


def export(folder: Path, *arguments: object) -> str:
    """Run the command in this process and return its summary, or what it refused."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        download_images.main([*COMMAND, *map(str, arguments)])
    return out.getvalue() or err.getvalue()


def tree(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def manifest(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def samples(out: Path) -> Iterator[tuple[str, str, str, bytes]]:
    """Yield the shard, the name, the label and the picture of each sample of either format, in order."""
    for path in sorted(out.glob("*.tar")):
        with tarfile.open(path) as tar:
            held = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]
        for name in (name for name in held if not name.endswith((".json", ".cls", ".txt"))):
            yield path.name, name, held[name.split(".")[0] + ".txt"].decode(), held[name]
    for path in sorted(out.glob("*.parquet")):
        parquet = pytest.importorskip("pyarrow.parquet", reason="pip install -r requirements-parquet.txt")
        table = parquet.read_table(path)
        told = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        assert told["image"] == {"_type": "Image"} and told["label"]["_type"] == "ClassLabel"
        for row in table.to_pylist():
            yield path.name, row["image"]["path"], told["label"]["names"][row["label"]], row["image"]["bytes"]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_row_is_once_in_the_shards_of_its_split_with_its_label(foods: Path, kind: str) -> None:
    export(foods, "--format", kind, "--per-shard", 5, "--splits", "train=60,test=40", "--names", "C")
    found = list(samples(foods / "out"))
    rows = manifest(foods / "out")
    assert sorted(f"{shard}/{name}" for shard, name, _, _ in found) == sorted(row["file"] for row in rows)
    by_file = {f"{shard}/{name}": (label, data) for shard, name, label, data in found}
    for row in rows:
        label, data = by_file[row["file"]]
        assert data == (foods / row["url"]).read_bytes()
        assert label == (row["label"] or "_unlabelled")
        assert row["file"].startswith(f"{row['split']}-00000") and row["file"].count(".") == 2
    keys = {(shard.split("-")[0], name.split(".")[0]) for shard, name, _, _ in found}
    assert len(keys) == ROWS, "rows of one name in one split are told apart"
    sizes = [sum(shard == one for shard, _, _, _ in found) for one in {shard for shard, _, _, _ in found}]
    assert max(sizes) == 5 and len({row["split"] for row in rows if row["family"]}) == 1


def test_webdataset_itself_loads_the_shards(foods: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="pip install webdataset")
    export(foods, "--format", "webdataset", "--per-shard", 10)
    assert {name for name in tree(foods / "out") if name.endswith(".tar")} == {f"data-00000{n}.tar" for n in range(3)}
    shards = str(foods / "out" / "data-{000000..000002}.tar")
    loaded = list(webdataset.WebDataset(shards, shardshuffle=False).decode("pil"))
    classes = json.loads((foods / "out" / "classes.json").read_text("utf-8"))
    for sample, row in zip(loaded, manifest(foods / "out"), strict=True):
        picture = next(sample[kind] for kind in ("jpg", "png", "webp") if kind in sample)
        with Image.open(foods / row["url"]) as original:
            assert picture.tobytes() == original.convert("RGB").tobytes()
        assert (sample["json"]["url"], str(sample["json"]["row"])) == (row["url"], row["row"])
        assert classes[sample["cls"]] == sample["txt"] == (row["label"] or "_unlabelled")


def test_the_datasets_library_loads_the_parquet_files(foods: Path) -> None:
    reason = "Hugging Face's datasets brings 400 MB: pip install datasets, and run this test again"
    datasets = pytest.importorskip("datasets", reason=reason)
    export(foods, "--format", "parquet", "--per-shard", 5, "--splits", "train=60,test=40")
    loaded = datasets.load_dataset("parquet", data_dir=str(foods / "out"), cache_dir=str(foods / "cache"))
    rows = {row["row"]: row for row in manifest(foods / "out")}
    seen = [(split, sample) for split in ("train", "test") for sample in loaded[split]]
    assert len(seen) == ROWS
    for split, sample in seen:
        row = rows[str(sample["row"])]
        names = loaded[split].features["label"].names
        assert (split, names[sample["label"]]) == (row["split"], row["label"] or "_unlabelled")
        assert sample["image"].size == (int(row["width"]), int(row["height"]))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_second_run_writes_nothing_and_any_folder_gets_the_same_bytes(foods: Path, kind: str) -> None:
    options = ("--format", kind, "--per-shard", 5)
    assert "files written" in export(foods, *options)
    before = {path: path.stat().st_mtime_ns for path in (foods / "out").iterdir()}
    assert "0 files written, 5 were there already" in export(foods, *options)
    (foods / "out" / ".export.json").write_text("{}")
    assert "is damaged" in export(foods, *options)
    export(foods, *options, "-o", "other")
    (foods / "out" / ".export.json").write_bytes((foods / "other" / ".export.json").read_bytes())
    assert "0 files written" in export(foods, *options)
    assert tree(foods / "out") == tree(foods / "other")
    assert {path: path.stat().st_mtime_ns for path in before if path.suffix != ".json"} == {
        path: time for path, time in before.items() if path.suffix != ".json"
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_shards_follow_the_sheet_and_those_left_over_go_with_clean(foods: Path, kind: str) -> None:
    options = ("--format", kind, "--per-shard", 5)
    export(foods, *options)
    suffix = {"webdataset": "tar", "parquet": "parquet"}[kind]
    damaged = foods / "out" / f"data-000001.{suffix}"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    assert "1 file written, 4 were there already" in export(foods, *options)
    write_sheet(foods, [row["url"] for row in manifest(foods / "out")][:12])
    said = export(foods, *options)
    assert f"data-000003.{suffix}, data-000004.{suffix}" in said and "--clean removes them" in said
    export(foods, *options, "--clean")
    export(foods, *options, "-o", "fresh")
    assert {k: v for k, v in tree(foods / "out").items() if k != ".export.json"} == {
        k: v for k, v in tree(foods / "fresh").items() if k != ".export.json"
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_pictures_that_are_gone_from_the_store_are_read_again(foods: Path, kind: str) -> None:
    export(foods, "--format", kind, "--no-keep-bytes")
    assert not list((foods / ".curation" / "store" / "objects").rglob("??/*"))
    before = tree(foods / "out")
    assert "0 files written" in export(foods, "--format", kind, "--no-keep-bytes")
    next((foods / "out").glob("data-*")).unlink()
    assert "1 file written" in export(foods, "--format", kind, "--no-keep-bytes")
    assert tree(foods / "out") == before


def test_a_shard_of_others_is_never_overwritten(foods: Path) -> None:
    (foods / "out").mkdir()
    (foods / "out" / "data-000000.tar").write_bytes(b"mine")
    assert "no export of this program put it there" in export(foods, "--format", "webdataset")
    assert tree(foods / "out") == {"data-000000.tar": b"mine"}


def test_without_pyarrow_parquet_is_refused_with_what_to_install(foods: Path) -> None:
    code = "import sys; sys.modules['pyarrow'] = None; import download_images as d; sys.exit(d.main(sys.argv[1:]))"
    root = Path(download_images.__file__).parent
    command = [sys.executable, "-c", code, *COMMAND, "--format", "parquet"]
    env = {**os.environ, "PYTHONPATH": str(root)}
    refused = subprocess.run(command, cwd=foods, env=env, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--format parquet needs pyarrow" in refused.stderr and "requirements-parquet.txt" in refused.stderr
    assert not (foods / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to kill")
@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.parametrize("kind", FORMATS)
def test_killed_at_any_moment_the_next_run_ends_as_if_nothing_had_been(foods: Path, kind: str, seed: int) -> None:
    options = ("--format", kind, "--per-shard", "3", "--splits", "train=80,test=20")
    for number in range(20):  # long enough to be killed in the middle
        with (foods / f"{number}.{['jpeg', 'png', 'webp'][number % 3]}").open("ab") as stream:
            stream.write(b"%d" % number * 200_000)
    names = [row["url"] for row in csv.DictReader((foods / "foods.csv").open(encoding="utf-8"))]
    export(foods, *options)
    old = tree(foods / "out")
    write_sheet(foods, names[7:] + names[:7])
    export(foods, *options, "-o", "new")
    chance = random.Random(seed)  # noqa: S311 - a seeded moment
    command = arguments_of("download_images.py", *COMMAND, *options)
    process = subprocess.Popen(
        command, cwd=foods, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while (foods / "out" / "manifest.csv").exists() and process.poll() is None:
        time.sleep(0.0005)
    time.sleep(chance.uniform(0, 0.1))
    with contextlib.suppress(ProcessLookupError):  # it was faster
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left, new = tree(foods / "out"), tree(foods / "new")
    for name in (name for name in left if not name.startswith(".")):
        assert left[name] in (old.get(name), new.get(name)), f"{name} is neither the old nor the new file"
    assert run("download_images.py", *COMMAND, *options, cwd=foods).returncode == 0
    assert {name: tree(foods / "out").get(name) for name in new if name != ".export.json"} == {
        name: data for name, data in new.items() if name != ".export.json"
    }
