"""Shards: whatever the names and labels are, every row is in one once, and the bytes follow from the rows alone."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from export.memory import Memory
from export.shards import Shard, sums_of, writer_of
from export.writing import Lost
from tests.unit.export_rows import picture, planned
from tests.unit.test_export_names import hostile_names


def content(sha256: str) -> bytes:
    """Stand for a picture: its own name is as good as any bytes."""
    return sha256.encode() * 9


def nothing(_done: int, _total: int) -> None:
    pass


def hostile_shards(layout: str) -> tuple[Shard, ...]:
    names = hostile_names()
    pictures = [picture(f"u{i}") for i in range(len(names))]
    return planned(pictures, names=names, labels=names, layout=layout, per_shard=120).shards


def written(shards: tuple[Shard, ...]) -> dict[str, bytes]:
    sums = sums_of(shards, Memory(), content, nothing)
    made = {}
    for shard in shards:
        stream = io.BytesIO()
        writer_of(shard, sums[shard.path], content)(stream)
        made[shard.path] = stream.getvalue()
    return made


def test_500_hostile_names_and_labels_are_500_samples_and_unpack_where_they_should(tmp_path: Path) -> None:
    shards = hostile_shards("webdataset")
    for path, data in written(shards).items():
        (tmp_path / path).write_bytes(data)
    seen = []
    for number, shard in enumerate(shards):
        with tarfile.open(tmp_path / shard.path) as tar:
            tar.extractall(tmp_path / str(number), filter="data")  # refuses what would lead out
        for row in shard.rows:
            name = str(row.file).split("/")[1]
            key = name.split(".")[0]
            assert (tmp_path / str(number) / name).read_bytes() == content(str(row.sha256))
            assert json.loads((tmp_path / str(number) / f"{key}.json").read_text("utf-8"))["url"] == row.url
            label = (tmp_path / str(number) / f"{key}.txt").read_bytes()
            assert label == (row.label or "_unlabelled").encode("utf-8", "replace")
            seen.append(row.url)
        assert len(list((tmp_path / str(number)).iterdir())) == 4 * len(shard.rows)
    assert len(set(seen)) == len(seen) == 500
    assert {path.name for path in tmp_path.iterdir()} == {*(shard.path for shard in shards), *"01234"}


def test_parquet_has_the_500_in_as_many_rows() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pip install -r requirements-parquet.txt")
    shards = hostile_shards("parquet")
    tables = [parquet.read_table(io.BytesIO(data)) for data in written(shards).values()]
    rows = [row for table in tables for row in table.to_pylist()]
    names = json.loads(tables[0].schema.metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    told = [row for shard in shards for row in shard.rows]
    assert [row["image"]["bytes"] for row in rows] == [content(str(row.sha256)) for row in told]
    assert [names[row["label"]] for row in rows] == [row.label or "_unlabelled" for row in told]
    assert len({row["image"]["path"].split(".")[0] for row in rows}) == len(rows) == 500


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_the_same_rows_give_the_same_bytes_and_a_memory_knows_them(layout: str) -> None:
    shards = hostile_shards(layout)
    assert written(shards) == written(shards)
    sums = sums_of(shards, Memory(), content, nothing)
    memory = Memory(recipes={shard.path: f"{shard.recipe} {sums[shard.path]}" for shard in shards})
    assert sums_of(shards, memory, lambda _: None, nothing) == sums
    others = tuple(Shard(shard.path, shard.rows[1:], shard.classes) for shard in shards)
    assert set(sums_of(others, memory, lambda _: None, nothing).values()) == {""}


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_a_shard_whose_content_is_gone_is_not_written(layout: str) -> None:
    (shard, *_) = hostile_shards(layout)
    gone = shard.rows[-1].sha256
    with pytest.raises(Lost):
        writer_of(shard, "any", lambda sha256: None if sha256 == gone else content(sha256))(io.BytesIO())
