"""The map: every picture has a place in the unit square, and near-duplicates lie closer together than anything else."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from finding.looking import arranged, look_at, settings_of
from finding.options import Matching
from finding.planar import planar
from images import Store
from tests.pictures import encoded, family, scene

MATCHING = Matching(("ahash", "phash", "dhash"), 8, 20, 2, verify=True, orientations=())


@pytest.mark.parametrize("alone", [0, 1, 2, 30])
def test_near_duplicates_fall_together(tmp_path: Path, alone: int) -> None:
    if alone == 30 and importlib.util.find_spec("openTSNE") is None:
        pytest.skip("openTSNE is not installed: pip install -r requirements-map.txt")
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in (1, 2):
        for name, data in family(seed).items():
            (folder / f"{seed} {name}").write_bytes(data)
    for seed in range(alone):
        (folder / f"alone {seed}.jpg").write_bytes(encoded(scene(100 + seed, 80, 60)))
    with Store(tmp_path / "store") as store:
        album = look_at(
            [folder], settings_of(fast_jpeg=False), store, MATCHING,
            hidden=False, follow_links=False, spared=(), progress=lambda *_: None,
        )  # fmt: skip
    arrangement = arranged(album, MATCHING, lambda *_: None)
    places = planar(album, arrangement, lambda *_: None)
    assert places.shape == (8 + alone, 2)
    assert ((places >= 0) & (places <= 1)).all()
    families = np.array([arrangement.family[i] or 1000 + i for i in album.pictures])
    for row, own in enumerate(families):
        far = np.hypot(*(places - places[row]).T)
        if own < 1000:
            assert far[families == own].max() < far[families != own].min(initial=9)
