"""The formats of an export: in which folder a picture lies, and the files that a loader wants beside it. Pure."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from export.manifest import ManifestRow, csv_of

UNLABELLED: Final = "_unlabelled"
"""What stands for a blank label where there must be one."""
_GUESSES: Final = {
    "truth values": re.compile("true|false", re.IGNORECASE),
    "whole numbers": re.compile("[+-]?[0-9]+"),
    "numbers": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """One format; `by_label` says that a label is a folder, `tables` makes the loader's files, by path.

    `shard` is the extension of the files that hold many pictures each, None where each picture is a file.
    """

    name: str
    by_label: bool
    tables: Callable[[Sequence[ManifestRow]], dict[str, bytes]]
    shard: str | None = None

    def folder(self, row: ManifestRow, folders: Mapping[str, str]) -> str:
        """Return the folder of a row's picture, with a `/` behind each part: the split, then the label's."""
        label = f"{folders[row.label or '']}/" if self.by_label else ""
        return f"{row.split}/{label}" if row.split else label


def _nothing(_: Sequence[ManifestRow]) -> dict[str, bytes]:
    return {}


def _metadata(rows: Sequence[ManifestRow]) -> dict[str, bytes]:
    """Return the metadata.csv of each split, or of the whole, beside its pictures; `file_name` is relative to it.

    https://huggingface.co/docs/datasets/image_dataset#imagefolder. The loader guesses the type of each column for
    each split and refuses to join different ones, so that there is no column of numbers with blanks.
    """
    labelled = any(row.label is not None for row in rows)
    columns = ("file_name", "label", "url") if labelled else ("file_name", "url")
    tables: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        if row.file:
            folder, slash, name = row.file.rpartition("/")
            label = [row.label or UNLABELLED] if labelled else []
            tables[f"{folder}{slash}metadata.csv"].append([name, *label, row.url])
    return {path: csv_of(columns, table) for path, table in tables.items()}


def classes_of(rows: Sequence[ManifestRow]) -> tuple[str, ...] | None:
    """Return the labels of the rows with a file in the order of their numbers, None where there are no labels."""
    labels = {row.label or UNLABELLED for row in rows if row.file and row.label is not None}
    return tuple(sorted(labels)) or None


def _classes(rows: Sequence[ManifestRow]) -> dict[str, bytes]:
    """Return what the number in `.cls` means: a list of labels."""
    classes = classes_of(rows)
    return {"classes.json": (json.dumps(classes, indent=1) + "\n").encode()} if classes else {}


def guessed_types(rows: Sequence[ManifestRow]) -> dict[str, str]:
    """Return what a loader that guesses takes the labels of each split for: "whole numbers", "numbers", "text" ...

    >>> from dataclasses import replace
    >>> row = ManifestRow(2, "u", "u", "train/1.jpg", split="train", label="5")
    >>> guessed_types([row, replace(row, split="test", label="soup")])
    {'test': 'text', 'train': 'whole numbers'}
    """
    held: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.file and row.split and row.label is not None:
            held[row.split].add(row.label or UNLABELLED)
    return {split: _type_of(labels) for split, labels in sorted(held.items())}


def _type_of(labels: set[str]) -> str:
    for name, pattern in _GUESSES.items():
        if all(pattern.fullmatch(label) for label in labels):
            return name
    return "text"


LAYOUTS: Final = {
    layout.name: layout
    for layout in (
        Layout("plain", by_label=False, tables=_nothing),
        Layout("classes", by_label=True, tables=_nothing),
        Layout("huggingface", by_label=False, tables=_metadata),
        Layout("webdataset", by_label=False, tables=_classes, shard=".tar"),
        Layout("parquet", by_label=False, tables=_nothing, shard=".parquet"),
    )
}
"""The formats by the names that the command line has for them."""
