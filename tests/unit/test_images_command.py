"""python -m images shows and prunes a store."""

import pytest

from images import Settings, Store, read_pictures
from images.__main__ import main
from tests.pictures import encoded, scene


@pytest.fixture
def store(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "one.jpg").write_bytes(encoded(scene(1)))
    folder = tmp_path / "store"
    with Store(folder) as opened:
        read_pictures(["pictures/one.jpg"], Settings(base_folder=tmp_path), opened)
    return folder


def test_usage_counts_what_a_store_holds(store, capsys) -> None:
    assert main(["usage", "--store", str(store)]) == 0
    assert "MB" in capsys.readouterr().out


def test_pruning_says_before_and_after(store, capsys) -> None:
    assert main(["prune", "--bytes-only", "--store", str(store)]) == 0
    before, after = capsys.readouterr().out.splitlines()
    assert before.startswith("before:") and "0 kept as files" in after


def test_a_missing_store_is_told_and_not_made(tmp_path, capsys) -> None:
    assert main(["usage", "--store", str(tmp_path / "none")]) == 1
    assert "no store" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
