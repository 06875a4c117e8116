"""Pictures and their columns as a Parquet file that Hugging Face's `datasets` loads as it is. Only here: pyarrow."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from errors import UsageError
from export.manifest import ManifestRow

_GROUP: Final = 100
"""Rows of a row group, as `datasets` writes pictures: a reader takes a whole one into memory."""
_COLUMNS: Final = {
    "row": "int64", "url": "string", "sha256": "string", "format": "string", "width": "int64", "height": "int64",
    "group": "int64", "family": "int64", "block": "int64", "representative": "bool", "flags": "string",
}  # fmt: skip


def refuse_without_pyarrow() -> None:
    """Raise `UsageError` where Parquet cannot be written."""
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415  (an extra of 150 MB)
    except ImportError as error:
        raise UsageError(
            "--format parquet needs pyarrow, which is not installed.", "pip install -r requirements-parquet.txt"
        ) from error


def write_parquet(
    rows: Sequence[ManifestRow],
    classes: Sequence[str] | None,
    numbers: Sequence[int | None] | None,
    read: Callable[[str], bytes],
    stream: Any,
) -> None:
    """Write the rows: `image` (bytes and file name), `label` (a number, its name in the schema), and their columns.

    https://huggingface.co/docs/datasets/image_dataset; the features are named in the schema as that library does.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet as pq  # noqa: PLC0415

    types = {"int64": pa.int64(), "string": pa.string(), "bool": pa.bool_()}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    label = [] if classes is None else [("label", pa.int64())]
    fields = [("image", image), *label, *((name, types[kind]) for name, kind in _COLUMNS.items())]
    schema = pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": _features(classes)}})})
    # Pictures are packed already, and hardly two of them are equal.
    with pq.ParquetWriter(stream, schema, compression="none", use_dictionary=False) as writer:
        for table in _groups(rows, numbers, read):
            writer.write_table(pa.Table.from_pydict(table, schema=schema))


def _groups(
    rows: Sequence[ManifestRow], numbers: Sequence[int | None] | None, read: Callable[[str], bytes]
) -> Iterator[dict[str, list[Any]]]:
    for start in range(0, len(rows), _GROUP):
        some = rows[start : start + _GROUP]
        table: dict[str, list[Any]] = {
            "image": [{"bytes": read(str(row.sha256)), "path": str(row.file).rpartition("/")[2]} for row in some]
        }
        if numbers is not None:
            table["label"] = list(numbers[start : start + _GROUP])
        for name in _COLUMNS:
            table[name] = [_value(getattr(row, name)) for row in some]
        yield table


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return " ".join(value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _features(classes: Sequence[str] | None) -> dict[str, Any]:
    label = {} if classes is None else {"label": {"names": list(classes), "_type": "ClassLabel"}}
    plain = {name: {"dtype": kind, "_type": "Value"} for name, kind in _COLUMNS.items()}
    return {"image": {"_type": "Image"}, **label, **plain}
