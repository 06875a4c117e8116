"""Names of an export are safe on every disk, and nothing is lost where they collide."""

import re
import unicodedata

from export.names import distinct, extension_of, folders_of, safe_name, same_on_some_disk, without_extension

RESERVED = ["CON", "prn", "Aux.jpg", "nul.tar.gz", "COM1", "lpt9.txt", "com¹", "CONIN$"]


def hostile_names() -> list[str]:
    """Return 500 names that have hurt programs before: every kind, and many of each."""
    kinds = [
        *RESERVED, "", " ", ".", "..", "...", "../../etc/passwd", "..\\..\\windows\\system32", "/etc/passwd",
        "C:\\boot.ini",
        "\\\\server\\share\\x", "a/b", "a\\b", "~root", "-rf", "--help", "=1+1", "+1", "@x", "\tx", "\rx", "x\ny",
        "x\0y",
        "x.", "x. .", "x ", " x", "x" * 300, "é" * 300, "👩‍👩‍👧‍👦" * 60, "Cat", "cat", "CAT", "cａt", "Café",
        "Cafe\u0301", "ﬁsh", "fish",
        "Straße", "STRASSE", "ıstanbul", "istanbul", "İstanbul", "K", "\u212a", "\u202egpj.exe", "a\u200bb", "ab",
        "a\ud800b",
        "manifest.csv", "MANIFEST.CSV", ".export.json", ".export-lock", "metadata.csv", "_unlabelled", "$HOME",
        "%PATH%", "`id`",
        "a;b", "a|b", 'a"b', "a'b", "a<b>", "a:b", "a*b?", "file:///etc/passwd", "http://x/y", "\ufeffx", "x\u2028y",
        "\x7f", "\x1b[31m",
    ]  # fmt: skip
    names = list(dict.fromkeys(kinds))
    names += [f"../{i}/{name}" for i, name in enumerate(kinds)] + [f"{name}/../.." for name in kinds]
    names += [f"{name}{char}" for name in ("cat", "CAT", "Dog") for char in map(chr, range(0x20))]
    names += [f"{'n' * 130}{i}" for i in range(500)]
    return list(dict.fromkeys(names))[:500]


def test_there_are_500_hostile_names() -> None:
    assert len(hostile_names()) == 500


def test_a_name_is_one_part_of_a_path_that_no_system_refuses() -> None:
    for text in hostile_names():
        name = safe_name(text)
        assert name and name not in (".", "..")
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', name), text
        assert name[0] not in " .-=+@~" and name[-1] not in " .", text
        assert len(name.encode()) <= 121, text
        assert name == unicodedata.normalize("NFC", name)
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?", name), text


def test_a_safe_name_is_safe_already() -> None:
    for text in hostile_names():
        assert safe_name(safe_name(text)) == safe_name(text)


def test_every_label_gets_a_folder_of_its_own_on_every_disk() -> None:
    labels = hostile_names()
    folders = folders_of(labels, "_unlabelled")
    assert set(folders) == set(labels)
    assert len({same_on_some_disk(folder) for folder in folders.values()}) == len(labels)
    for spelling in ("NFC", "NFD", "NFKC", "NFKD"):
        assert len({unicodedata.normalize(spelling, f).casefold() for f in folders.values()}) == len(labels)


def test_the_folder_of_a_label_does_not_depend_on_the_order_of_the_rows() -> None:
    labels = hostile_names()
    assert folders_of(labels, "_") == folders_of(labels[::-1], "_")


def test_an_ordinary_label_is_its_folder() -> None:
    labels = ["soup", "green tea", "Crème brûlée", "寿司", "v1.2", "5"]
    assert folders_of(labels, "_unlabelled") == {label: label for label in labels}


def test_no_folder_is_called_like_a_file_of_the_export() -> None:
    assert folders_of(["manifest.csv"], "_")["manifest.csv"].startswith("manifest.csv-")


def test_a_mark_that_is_taken_gets_a_number() -> None:
    names = distinct(["a", "A", "a-1", "a", "a"], lambda _: "a-1")
    assert names == ["a-1-2", "a-1-3", "a-1", "a-1-4", "a-1-5"]


def test_many_rows_of_one_name_are_named_quickly() -> None:
    names = distinct(["cat"] * 20_000, lambda _: "cat-00000000")
    assert len(set(names)) == 20_000


def test_the_extension_is_that_of_the_format_whatever_the_name_says() -> None:
    formats = {"JPEG": ".jpg", "TIFF": ".tif", "PNG": ".png", "WEBP": ".webp", "AVIF": ".avif", "GIF": ".gif"}
    assert {name: extension_of(name) for name in formats} == formats
    assert [without_extension(name) for name in ("a.JPEG", "b.png ", "c.tar", ".jpg")] == ["a", "b", "c.tar", ""]
