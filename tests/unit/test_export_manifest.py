"""The manifest: safe to open, and read back as it was."""

import csv
import io
import json

import pytest

from errors import StateError
from export.manifest import COLUMNS, ManifestRow, files_in, plain_cell, to_csv, to_jsonl


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    text = f'{start}HYPERLINK("http://evil.example")'
    (row,) = read(to_csv([ManifestRow(2, text, text, "000001.jpg", label=text, reason=text)]))
    assert {row[name] for name in ("url", "final_url", "label", "reason")} == {f"'{text}"}
    assert plain_cell(row["url"]) == text


def test_line_ends_and_quotes_inside_a_cell_are_kept() -> None:
    text = 'a "b",\r\n;c\rd\ne'
    (row,) = read(to_csv([ManifestRow(2, "u", None, label=text)]))
    assert row["label"] == text


def test_columns_and_their_values() -> None:
    row = ManifestRow(
        7, "u", "v", "cat/7.jpg", "ab", "JPEG", 3, 2, 9, "cat", 1, 2, 3, True, "train", "ok", None, ("blank", "changed")
    )
    (shown,) = read(to_csv([row]))
    assert tuple(shown) == COLUMNS
    assert list(shown.values()) == [
        "7", "u", "v", "cat/7.jpg", "ab", "JPEG", "3", "2", "9", "cat", "1", "2", "3", "true", "train", "ok",
        "", "blank changed",
    ]  # fmt: skip
    assert json.loads(to_jsonl([row])) == {**row.values(), "flags": ["blank", "changed"]}


def test_half_a_surrogate_pair_is_no_reason_to_stop() -> None:
    assert b"a?b" in to_csv([ManifestRow(2, "a\ud800b", None)])
    assert b"a?b" in to_jsonl([ManifestRow(2, "a\ud800b", None)])


def test_the_files_of_a_manifest_are_read_back() -> None:
    rows = [ManifestRow(2, "u", None, "a.jpg", "aa"), ManifestRow(3, "v", None)]
    assert files_in(to_csv(rows)) == {"a.jpg": "aa"}


@pytest.mark.parametrize("data", [b"", b"a,b\r\n1,2\r\n", b"\xff\xfe", to_csv([])[:40], b"PK\3\4"])
def test_a_manifest_of_others_is_refused(data: bytes) -> None:
    with pytest.raises(StateError):
        files_in(data)
