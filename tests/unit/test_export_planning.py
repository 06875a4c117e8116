"""The plan: which rows get a file, where, and under which name."""

import csv
import io

from export.choosing import Wanted
from export.layouts import guessed_types
from export.names import same_on_some_disk
from export.splits import parse
from images import FetchFailure, Picture
from tests.unit.export_rows import failure, files, grouping, picture, planned
from tests.unit.test_export_names import hostile_names


def test_the_number_is_the_place_in_the_range_also_behind_failures() -> None:
    made = planned([picture("a"), failure("b"), picture("c", kind="PNG")])
    assert [row.file for row in made.rows] == ["000001.jpg", None, "000003.png"]
    assert [row.row for row in made.rows] == [2, 3, 4]
    assert (made.rows[1].status, made.rows[1].reason) == ("http_error", "The server answered 404.")


def test_equal_contents_have_a_file_each() -> None:
    made = planned([picture("a", "same"), picture("b", "same")], by_hash=True)
    one = str(made.rows[0].sha256)
    assert [row.file for row in made.rows] == [f"{one}.jpg", f"{one}-2.jpg"]
    assert planned([picture("a", "same")], by_hash=True).rows[0].file == f"{one}.jpg", "a copy renames no file"


def test_hashes_as_names_stay_when_the_rows_are_sorted_again() -> None:
    pictures = [picture(str(i)) for i in range(9)]
    before, after = planned(pictures, by_hash=True), planned(pictures[::-1], by_hash=True)
    assert {row.url: row.file for row in before.rows} == {row.url: row.file for row in after.rows}


def test_names_from_a_column_lose_the_extension_they_had_and_blank_ones_get_the_number() -> None:
    pictures = [picture(str(i), kind="PNG") for i in range(4)]
    made = planned(pictures, names=["soup.jpg", "", "Tea", "tea"])
    digits = [str(row.sha256)[:8] for row in made.rows]
    expected = ["soup.png", "row-000002.png", f"Tea-{digits[2]}.png", f"tea-{digits[3]}.png"]
    assert files(made) == expected


def test_500_hostile_names_escape_nowhere_and_none_is_lost() -> None:
    names = hostile_names()
    pictures = [picture(f"u{i}") for i in range(500)]
    made = planned(pictures, names=names, labels=names, layout="classes")
    assert len({same_on_some_disk(file) for file in files(made)}) == 500
    assert all(file.count("/") == 1 and ".." not in file.split("/") for file in files(made))
    assert [row.label for row in made.rows] == names
    flat = planned(pictures, names=names)
    assert len({same_on_some_disk(file) for file in files(flat)}) == 500


def test_a_blank_label_has_a_folder_that_no_label_has() -> None:
    made = planned([picture(c) for c in "abc"], labels=["", "_unlabelled", "soup"], layout="classes")
    folders = [file.split("/")[0] for file in files(made)]
    assert len(set(folders)) == 3 and folders[2] == "soup"


def test_suspected_placeholders_are_left_out_but_in_the_manifest() -> None:
    rows = [picture("a", flags=("placeholder_suspected",)), picture("b")]
    made = planned(rows)
    assert [(row.status, row.file) for row in made.rows] == [("left_out", None), ("ok", "000002.jpg")]
    assert made.rows[0].reason and made.rows[0].sha256
    assert [row.file for row in planned(rows, wanted=Wanted(placeholders=True)).rows] == ["000001.jpg", "000002.jpg"]


def test_keep_one_keeps_the_representative_of_each_group() -> None:
    made = planned([picture(c) for c in "abcde"], groups=grouping([1, 1, None, 2, 2], [1, 3]), wanted=Wanted(one=True))
    assert [row.file for row in made.rows] == [None, "000002.jpg", "000003.jpg", "000004.jpg", None]
    assert made.rows[0].reason == "Of its group, row 3 is kept."


def test_keep_one_keeps_another_member_when_the_representative_has_no_picture() -> None:
    bad = picture("b", flags=("placeholder_suspected",))
    rows: list[Picture | FetchFailure] = [failure("a"), bad, picture("c"), picture("d")]
    made = planned(rows, groups=grouping([1, 1, 1, 1], [0]), wanted=Wanted(one=True))
    assert sum(row.file is not None for row in made.rows) == 1
    assert made.rows[0].status == "http_error"


def test_members_of_a_group_with_different_labels_are_a_conflict() -> None:
    labels = ["soup", "tea", "", "soup", "soup"]
    made = planned([picture(c) for c in "abcde"], groups=grouping([1, 1, 1, 2, 2], [0, 3]), labels=labels)
    assert [(c.group, c.labels) for c in made.conflicts] == [(1, ((2, "soup"), (3, "tea")))]
    assert ["label_conflict" in row.flags for row in made.rows] == [True, True, True, False, False]


def test_a_blank_label_is_no_conflict() -> None:
    made = planned([picture("a"), picture("b")], groups=grouping([1, 1], [0]), labels=["soup", ""])
    assert made.conflicts == ()


def test_a_changed_picture_is_flagged() -> None:
    made = planned([picture("a"), picture("b")], changed=["b"])
    assert [row.flags for row in made.rows] == [(), ("changed",)]
    assert [row.reason for row in made.rows] == [None, "It is another one."]


def test_a_split_is_a_folder_and_families_share_it() -> None:
    groups = grouping([None] * 40, families=[i // 4 + 1 for i in range(40)])
    made = planned([picture(str(i)) for i in range(40)], groups=groups, splits=parse("train=1,test=1"))
    assert all(row.file == f"{row.split}/{row.row - 1:06}.jpg" for row in made.rows)
    assert {len({row.split for row in made.rows if row.family == family}) for family in range(1, 11)} == {1}
    assert {row.split for row in made.rows} == {"train", "test"}


def test_hugging_face_metadata_lies_beside_the_pictures_of_each_split() -> None:
    made = planned(
        [picture(str(i)) for i in range(20)],
        labels=["=1+1" if i else "-1" for i in range(20)],
        layout="huggingface",
        splits=parse("train=1,test=1"),
    )
    for split in ("train", "test"):
        text = made.tables[f"{split}/metadata.csv"].decode()
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [f"{split}/{row['file_name']}" for row in rows] == [r.file for r in made.rows if r.split == split]
    assert set(made.tables) == {"train/metadata.csv", "test/metadata.csv", "manifest.csv"}


def test_a_plan_depends_on_its_arguments_alone() -> None:
    rows = [picture(str(i)) for i in range(9)]
    assert planned(rows, splits=parse("a=1,b=1")) == planned(rows, splits=parse("a=1,b=1"))


def test_a_blank_label_in_metadata_is_no_hole_that_makes_text_a_number() -> None:
    made = planned([picture("a"), picture("b")], labels=["", "soup"], layout="huggingface")
    assert made.tables["metadata.csv"].decode().splitlines() == [
        "file_name,label,url", "000001.jpg,_unlabelled,a", "000002.jpg,soup,b",
    ]  # fmt: skip
    bare = planned([picture("a")], layout="huggingface")
    assert bare.tables["metadata.csv"].decode().splitlines()[0] == "file_name,url"


def test_labels_that_a_loader_takes_for_numbers_in_one_split_only_are_found() -> None:
    rows = [picture(str(i)) for i in range(40)]
    splits = parse("train=1,test=1")
    made = planned(rows, labels=["5"] * 40, splits=splits)
    assert set(guessed_types(made.rows).values()) == {"whole numbers"}
    mixed = ["5" if row.split == "train" else "tea" for row in made.rows]
    assert set(guessed_types(planned(rows, labels=mixed, splits=splits).rows).values()) == {"whole numbers", "text"}
