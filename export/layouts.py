"""The formats of an export: in which folder a picture lies, and the files that a loader wants beside it. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from export.manifest import ManifestRow, csv_of


@dataclass(frozen=True, slots=True)
class Layout:
    """One format; `by_label` says that a label is a folder, `tables` makes the loader's files, by path."""

    name: str
    by_label: bool
    tables: Callable[[Sequence[ManifestRow]], dict[str, bytes]]

    def folder(self, row: ManifestRow, folders: Mapping[str, str]) -> str:
        """Return the folder of a row's picture, with a `/` behind each part: the split, then the label's."""
        label = f"{folders[row.label or '']}/" if self.by_label else ""
        return f"{row.split}/{label}" if row.split else label


def _nothing(_: Sequence[ManifestRow]) -> dict[str, bytes]:
    return {}


def _metadata(rows: Sequence[ManifestRow]) -> dict[str, bytes]:
    """Return the metadata.csv of each split, or of the whole, beside its pictures; `file_name` is relative to it.

    https://huggingface.co/docs/datasets/image_dataset#imagefolder
    """
    tables: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        if row.file:
            folder, slash, name = row.file.rpartition("/")
            tables[f"{folder}{slash}metadata.csv"].append(
                [name, row.label or "", "" if row.group is None else str(row.group), row.url]
            )
    return {path: csv_of(("file_name", "label", "group", "url"), table) for path, table in tables.items()}


LAYOUTS: Final = {
    layout.name: layout
    for layout in (
        Layout("plain", by_label=False, tables=_nothing),
        Layout("classes", by_label=True, tables=_nothing),
        Layout("huggingface", by_label=False, tables=_metadata),
    )
}
"""The formats by the names that the command line has for them."""
