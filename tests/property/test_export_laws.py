"""Laws of an export, for whatever names, labels, groups and splits."""

from pathlib import PurePosixPath

from hypothesis import given, settings
from hypothesis import strategies as st

from export.choosing import Wanted
from export.manifest import ManifestRow, files_in, plain_cell, safe_cell, to_csv
from export.names import distinct, folders_of, safe_name, same_on_some_disk
from export.splits import parse, sides_of
from tests.unit.export_rows import files, grouping, picture, planned

TEXT = st.text(st.characters(), max_size=20)
LABELS = st.lists(TEXT | st.sampled_from(["cat", "Cat", "CON", "con.jpg", "..", "a/b", "", " "]), max_size=30)


@given(TEXT)
def test_a_name_is_one_part_of_a_path_and_stays_itself(text: str) -> None:
    name = safe_name(text)
    assert PurePosixPath(name).name == name and name not in ("", ".", "..")
    assert not any(ord(char) < 32 or char in '<>:"/\\|?*' for char in name)
    assert safe_name(name) == name


@given(LABELS)
def test_different_labels_have_different_folders(labels: list[str]) -> None:
    folders = folders_of(labels, "_unlabelled")
    assert len({same_on_some_disk(folder) for folder in folders.values()}) == len(set(labels))


@given(
    st.lists(st.sampled_from(["a", "A", "a-1", "a-1-2", "b", "ａ"]), max_size=20), st.sampled_from(["a", "a-1", "z"])
)
def test_distinct_names_are_distinct_and_as_many(names: list[str], mark: str) -> None:
    chosen = distinct(names, lambda _: mark)
    assert len({same_on_some_disk(name) for name in chosen}) == len(names)


@given(st.lists(st.tuples(TEXT, st.integers(0, 3), st.integers(0, 2)), max_size=15), st.booleans(), st.booleans())
@settings(max_examples=60)
def test_every_readable_row_has_a_file_of_its_own(
    rows: list[tuple[str, int, int]], by_hash: bool, in_classes: bool
) -> None:
    made = planned(
        [
            picture(f"u{i}", f"c{content}", kind=("JPEG", "PNG", "GIF")[kind])
            for i, (_, content, kind) in enumerate(rows)
        ],
        names=None if by_hash else [name for name, _, _ in rows],
        labels=[name for name, _, _ in rows],
        layout="classes" if in_classes else "huggingface",
        by_hash=by_hash,
    )
    assert len({same_on_some_disk(file) for file in files(made)}) == len(rows)
    assert len(made.files) == len(rows)
    assert not set(made.files) & set(made.tables)


@given(st.lists(st.tuples(TEXT, st.integers(0, 3)), max_size=15), st.booleans(), st.integers(1, 4))
@settings(max_examples=60)
def test_every_readable_row_is_one_sample_of_one_shard(
    rows: list[tuple[str, int]], by_hash: bool, per_shard: int
) -> None:
    """WebDataset takes files of one name up to the first dot, where it ends, for one sample."""
    made = planned(
        [picture(f"u{i}", f"c{content}", kind=("JPEG", "PNG")[i % 2]) for i, (_, content) in enumerate(rows)],
        names=None if by_hash else [name for name, _ in rows],
        labels=[name for name, _ in rows],
        layout="webdataset",
        by_hash=by_hash,
        per_shard=per_shard,
    )
    held = [(shard.path, str(row.file)) for shard in made.shards for row in shard.rows]
    assert [file for _, file in held] == files(made) and len(held) == len(rows)
    assert all(file.count("/") == 1 and file.startswith(f"{path}/") for path, file in held)
    assert len({same_on_some_disk(file.split("/")[1].split(".")[0]) for _, file in held}) == len(rows)
    assert all(len(shard.rows) <= per_shard for shard in made.shards)


CONTENTS = st.lists(st.sampled_from([None, *"abcdefgh"]), max_size=20)


@given(CONTENTS, st.data(), st.integers(0, 5))
def test_no_family_and_no_content_is_on_two_sides(contents: list[str | None], data: st.DataObject, seed: int) -> None:
    size = len(contents)
    families = data.draw(st.lists(st.none() | st.integers(1, 4), min_size=size, max_size=size))
    earlier = data.draw(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["train", "val", "test"])))
    sides = sides_of(contents, families, parse("train=2,val=1,test=1", seed), earlier).of
    assert [side is None for side in sides] == [content is None for content in contents]
    for keys in (contents, families):
        for key in {key for key in keys if key is not None}:
            held = {side for side, own in zip(sides, keys, strict=True) if own == key and side is not None}
            assert len(held) <= 1


@given(CONTENTS, st.data())
def test_an_export_again_moves_nothing(contents: list[str | None], data: st.DataObject) -> None:
    size = len(contents)
    families = data.draw(st.lists(st.none() | st.integers(1, 4), min_size=size, max_size=size))
    wanted = parse("train=1,test=1")
    first = sides_of(contents, families, wanted, {}).of
    memory = {content: side for content, side in zip(contents, first, strict=True) if content and side}
    again = sides_of(contents, families, wanted, memory)
    assert (again.of, again.moved) == (first, ())


@given(TEXT)
def test_a_cell_is_safe_and_comes_back(text: str) -> None:
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain_cell(safe_cell(text)) == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), unique=True))
def test_a_manifest_gives_its_files_back(paths: list[str]) -> None:
    rows = [ManifestRow(i, path, None, path, "00", label=path) for i, path in enumerate(paths)]
    assert files_in(to_csv(rows)) == dict.fromkeys(paths, "00")


@given(st.lists(st.none() | st.integers(1, 3), min_size=1, max_size=12))
def test_keep_one_keeps_exactly_one_of_each_group(groups: list[int | None]) -> None:
    made = planned([picture(str(i)) for i in range(len(groups))], groups=grouping(groups), wanted=Wanted(one=True))
    kept = [row.group for row in made.rows if row.file]
    assert sorted(filter(None, kept)) == sorted({group for group in groups if group})
    assert kept.count(None) == groups.count(None)
