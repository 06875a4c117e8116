"""Splits: a family is never parted, stays where it is, and the shares come near."""

import hashlib
from collections import Counter
from dataclasses import replace

import pytest

from errors import UsageError
from export.found import shares
from export.manifest import ManifestRow
from export.splits import parse, sides_of


def content(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    ["", "train", "train=", "train=-1", "train=x", "=5", "a=1,A=1", "../x=1", "a/b=1", "a=0,b=0", "con=1", "a=1,,b=1",
     ".a=1"],
)  # fmt: skip
def test_what_are_no_splits_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_shares_sum_to_one_whatever_the_weights() -> None:
    assert parse("train=80, val=10%,test=10").shares == (0.8, 0.1, 0.1)
    assert parse("a=1,b=0").shares == (1.0, 0.0)


def test_every_label_comes_near_the_shares_asked_for() -> None:
    wanted = parse("train=80,val=10,test=10")
    for label in range(20):
        sides = sides_of([content((label, i)) for i in range(1000)], [None] * 1000, wanted, {})
        counts = Counter(sides.of)
        assert abs(counts["train"] - 800) < 60 and abs(counts["val"] - 100) < 45, label


def test_a_family_is_on_one_side_and_nothing_else_moves_it() -> None:
    wanted = parse("train=50,test=50")
    contents = [content(i) for i in range(300)]
    families = [i // 3 for i in range(300)]
    sides = sides_of(contents, families, wanted, {}).of
    assert all(len({sides[3 * f], sides[3 * f + 1], sides[3 * f + 2]}) == 1 for f in range(100))
    more = sides_of([*[content(f"new {i}") for i in range(100)], *contents], [*[None] * 100, *families], wanted, {})
    assert more.of[100:] == sides
    backwards = sides_of(contents[::-1], families[::-1], wanted, {})
    assert backwards.of[::-1] == sides


def test_the_same_bytes_are_on_one_side_also_without_a_family() -> None:
    sides = sides_of([content(1), content(2), content(1)] * 50, [None, 7, 7] * 50, parse("a=1,b=1"), {}).of
    assert len(set(sides)) == 1


def test_an_unreadable_row_is_on_no_side() -> None:
    assert sides_of([None, content(1)], [1, 1], parse("a=1"), {}).of == (None, "a")


def test_another_seed_is_another_split() -> None:
    contents = [content(i) for i in range(100)]
    one, two = (sides_of(contents, [None] * 100, parse("a=1,b=1", seed), {}).of for seed in (0, 1))
    assert one != two


def test_a_share_of_nothing_gets_nothing() -> None:
    wanted = parse("a=0,b=1,c=0")
    assert {wanted.side(content(i)) for i in range(200)} == {"b"}


def test_a_family_stays_where_an_earlier_export_put_it_when_a_picture_joins_it() -> None:
    wanted = parse("train=50,test=50")
    for i in range(50):
        before = sides_of([content(i)], [None], wanted, {}).of[0]
        joined = sides_of([content(i), content(f"new {i}")], [1, 1], wanted, {content(i): str(before)})
        assert joined.of == (before, before)
        assert joined.moved == ()


def test_families_that_grow_together_go_where_most_of_them_was_and_it_is_said() -> None:
    contents = [content(i) for i in range(3)]
    earlier = {contents[0]: "test", contents[1]: "train", contents[2]: "train"}
    sides = sides_of(contents, [4, 4, 4], parse("train=1,test=1"), earlier)
    assert sides.of == ("train",) * 3
    assert [(moved.members, moved.side, moved.before) for moved in sides.moved] == [((0, 1, 2), "train", ("test",))]


def test_a_label_called_like_a_star_is_counted_apart_from_all() -> None:
    row = ManifestRow(2, "u", None, "train/1.jpg", split="train", label="*")
    assert shares([row, replace(row, label="soup")]) == ({"train": 2}, {"*": {"train": 1}, "soup": {"train": 1}})
