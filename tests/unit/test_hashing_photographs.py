"""A small version of `benchmarks/accuracy.py` on real photographs, where the data set stands beside the project."""

import json

import pytest

from benchmarks import near_duplicates as nd
from hashing import Ballot, Content, arrange

pytestmark = pytest.mark.skipif(not nd.DATA.is_dir(), reason=f"the data set near-duplicates is not at {nd.DATA}")


def test_the_pairs_of_an_image_search_are_found_and_no_scene_is_merged() -> None:
    truth = json.loads((nd.DATA / "truth.json").read_text())
    groups = truth["groups"]
    names = sorted({name for one in (*groups, *truth["burst"]) for name in one})
    rows: list[Content | None] = [nd.content_of(nd.DATA / name) for name in names]
    done = arrange(rows, Ballot(20))
    number = dict(zip(names, done.group, strict=True))
    assert all(len({number[name] for name in one}) == 1 for one in groups)
    assert {number[name] for one in groups for name in one}.isdisjoint({None})
    assert {number[name] for scene in truth["burst"] for name in scene} == {None}


def test_no_blank_or_transparent_picture_is_merged_with_a_photograph() -> None:
    truth = json.loads((nd.DATA / "traps_truth.json").read_text())["traps"]
    traps = [name for name, kind in truth["kind"].items() if kind in ("blank", "gradient", "alpha")]
    photos = sorted((nd.DATA / "photos").glob("*"))[::13]
    rows: list[Content | None] = [nd.content_of(p) for p in (*(nd.DATA / "traps" / name for name in traps), *photos)]
    done = arrange(rows, Ballot(20))
    assert all(group.members[-1] < len(traps) for group in done.groups)
    assert [number for number in done.group[len(traps) :] if number is not None] == []


def test_variants_of_photographs_are_found_by_tier() -> None:
    """Six photographs in 58 variants: the share that shares a family with its original."""
    made = nd.variants_of(sorted((nd.DATA / "photos").glob("*"))[3::90], nd.DATA, seed=2)
    found: dict[int, list[bool]] = {1: [], 2: [], 3: []}
    for v, name in enumerate(made.names):
        if v and name not in nd.NOT_MEANT:
            rows: list[Content | None] = [
                Content(f"{i}-{k}", prints[k], 1, 1) for i, prints in enumerate(made.prints) for k in (0, v)
            ]
            family = arrange(rows, Ballot(20)).family
            for i in range(0, len(rows), 2):
                found[int(made.tiers[v])].append(family[i] is not None and family[i] == family[i + 1])
                assert sum(family[i] == number for number in family if number is not None) in (0, 2)
    shares = {tier: sum(hits) / len(hits) for tier, hits in found.items()}
    assert shares[1] >= 0.99 and shares[2] >= 0.95 and shares[3] >= 0.45, shares
