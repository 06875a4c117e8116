"""The zip around a workbook: its parts, their relationships, bounds on what is unpacked, a copy with few changes."""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from errors import AccessRefused, UsageError
from sheets.xlsx.markup import parse

_RATIO_FROM = 16 * 2**20  # a small part harms nobody, however well it packs


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a hostile file is unpacked.

    A sheet of 100,000 rows and 6 columns is 30 MB; a part that is read becomes a tree of about ten times its size.
    Pictures in cells are one entry each, so entries may be many. A sheet's XML packs 10 to 40 times; deflate itself
    ends at 1,032.
    """

    entries: int = 250_000
    total: int = 8 * 2**30
    part: int = 512 * 2**20
    ratio: int = 250


@dataclass(frozen=True, slots=True)
class Relationship:
    """A pointer from one part: `kind` is the last word of its type, `target` a part's name or an outside address."""

    identifier: str
    kind: str
    target: str
    external: bool


class Package:
    """The parts of a workbook, read from its bytes; nothing is unpacked before it is asked for."""

    def __init__(self, data: bytes, name: str, bounds: Bounds = Bounds()) -> None:
        self._name = name
        self._bounds = bounds
        _refuse_other_formats(data, name)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise UsageError(
                f"{name} is not a workbook, or it is damaged: {error}.",
                "Open it in Excel or LibreOffice and save it as .xlsx.",
            ) from error
        self._data = data
        entries = self._zip.infolist()
        self._check(entries)
        # Part names differ in nothing but case never (OPC, 6.2.2.3), and some writers spell a pointer differently.
        self._entries = {entry.filename.lower(): entry for entry in entries}

    def __contains__(self, part: str) -> bool:
        """Say whether there is such a part."""
        return part.lower() in self._entries

    def parts(self) -> list[str]:
        """Return the names of all parts in their order."""
        return [entry.filename for entry in self._zip.infolist()]

    def read(self, part: str) -> bytes:
        """Return the bytes of a part. Raises `UsageError` when it is missing, damaged or too large."""
        entry = self._entries.get(part.lower())
        if entry is None:
            raise UsageError(f"{self._name} is damaged: it has no part {part}.", "Save it again in Excel.")
        ratio = entry.file_size / max(entry.compress_size, 1)
        if entry.file_size > self._bounds.part or (entry.file_size > _RATIO_FROM and ratio > self._bounds.ratio):
            raise UsageError(
                f"{part} in {self._name} unpacks to {entry.file_size:,} bytes, {ratio:.0f} times its size; up to"
                f" {self._bounds.part:,} bytes and {self._bounds.ratio} times are read.",
                "Is this the right file? If so, split the sheet, or save it as .csv.",
            )
        try:
            return self._zip.read(entry)  # stops at the size that was just checked, and checks the sum
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise UsageError(
                f"{self._name} is damaged: {part} cannot be unpacked ({error}).",
                "Open it in Excel, let it repair the file, and save it again.",
            ) from error

    def relationships(self, part: str) -> Iterator[Relationship]:
        """Yield where a part points to; "" is the package itself."""
        folder, file = posixpath.split(part)
        source = posixpath.join(folder, "_rels", f"{file}.rels")
        if source not in self:
            return
        for element in parse(self.read(source), source).iterchildren("{*}Relationship"):
            target = element.get("Target", "")
            external = element.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
            kind = element.get("Type", "").rsplit("/", 1)[-1]
            yield Relationship(element.get("Id", ""), kind, target, external)

    def target(self, part: str, kind: str) -> str | None:
        """Return the first part of a kind that `part` points to."""
        return next((one.target for one in self.relationships(part) if one.kind == kind and one.target in self), None)

    def rewritten(self, changes: Mapping[str, bytes]) -> bytes:
        """Return the package with other bytes for some parts; all others keep their packed bytes, order and dates."""
        new = {part.lower(): data for part, data in changes.items()}
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w") as archive:
            archive.comment = self._zip.comment
            for entry in self._zip.infolist():
                data = new.get(entry.filename.lower())
                _append(archive, output, entry, self._packed(entry), data)
        return output.getvalue()

    def _packed(self, entry: zipfile.ZipInfo) -> memoryview:
        # The local header repeats the name and has an "extra" field of its own length.
        head = self._data[entry.header_offset : entry.header_offset + 30]
        start = entry.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return memoryview(self._data)[start : start + entry.compress_size]

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        total = sum(entry.file_size for entry in entries)
        if len(entries) > self._bounds.entries or total > self._bounds.total:
            raise UsageError(
                f"{self._name} holds {len(entries):,} entries of {total:,} bytes unpacked; up to"
                f" {self._bounds.entries:,} entries and {self._bounds.total:,} bytes are read.",
                "Is this the right file? If so, split the workbook.",
            )
        names = [entry.filename.lower() for entry in entries]
        if len(set(names)) != len(names):
            raise UsageError(f"{self._name} is damaged: it holds two parts of one name.", "Save it again in Excel.")
        if any(entry.flag_bits & 1 for entry in entries):
            raise AccessRefused(f"{self._name} is encrypted.", "Save a copy of it without a password.")
        if "mimetype" in names and "content.xml" in names:
            raise UsageError(
                f"{self._name} is an OpenDocument file with another name.", "In LibreOffice, save it as .xlsx."
            )


def _refuse_other_formats(data: bytes, name: str) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):  # an OLE file: the old format, or an encrypted package
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise AccessRefused(
                f"{name} is protected with a password.",
                "In Excel: File > Info > Protect Workbook > Encrypt with Password, empty the box, save.",
            )
        raise UsageError(f"{name} is an Excel 97-2003 workbook (.xls).", "In Excel: File > Save As > .xlsx.")
    if not data.startswith(b"PK"):
        what = "is empty" if not data else "is not an .xlsx workbook"
        raise UsageError(f"{name} {what}.", "Open it in the program it comes from, and save it as .xlsx or .csv.")


def _append(
    archive: zipfile.ZipFile, output: io.BytesIO, entry: zipfile.ZipInfo, packed: memoryview, data: bytes | None
) -> None:
    """Write one entry; `zipfile` has no way to copy packed bytes, but it writes the directory from these fields."""
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    for field in ("compress_type", "comment", "extra", "create_system", "create_version", "extract_version"):
        setattr(copy, field, getattr(entry, field))
    copy.internal_attr, copy.external_attr = entry.internal_attr, entry.external_attr
    copy.flag_bits = entry.flag_bits & ~0x08  # sizes are known, so they go into the head, not behind the data
    copy.CRC, copy.file_size, copy.compress_size = entry.CRC, entry.file_size, entry.compress_size
    body: bytes | memoryview = packed
    if data is not None:
        if entry.compress_type == zipfile.ZIP_STORED:
            body = data
        else:
            copy.compress_type = zipfile.ZIP_DEFLATED
            packer = zlib.compressobj(6, zlib.DEFLATED, -15)
            body = packer.compress(data) + packer.flush()
        copy.CRC, copy.file_size, copy.compress_size = zlib.crc32(data), len(data), len(body)
    copy.header_offset = output.tell()
    output.write(copy.FileHeader())
    output.write(body)
    archive.filelist.append(copy)
    archive.NameToInfo[copy.filename] = copy
    archive.start_dir = output.tell()
