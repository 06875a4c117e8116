"""Names of files and folders that are safe on every disk, and different for whatever is different. Pure."""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

MAX_BYTES: Final = 120
"""A name's length in UTF-8, its extension and whatever tells it apart aside: file systems end at 255 bytes."""
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*]')
# What a shell, a spreadsheet, Python's or a loader's search for hidden files takes for something else in front.
_LEADING: Final = "-=+@~. "
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: reserved with any extension, in any case.
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_KNOWN_EXTENSION: Final = re.compile(r"\.(?:jpe?g|jfif|png|gif|webp|bmp|tiff?|ico|avif|heic|svg)$", re.IGNORECASE)
_EXTENSIONS: Final = {"JPEG": ".jpg", "TIFF": ".tif"}


def extension_of(kind: str) -> str:
    """Return the usual extension of a picture's real format.

    >>> extension_of("JPEG"), extension_of("WEBP")
    ('.jpg', '.webp')
    """
    return _EXTENSIONS.get(kind, "." + re.sub(r"[^a-z0-9]", "", kind.lower()))


def safe_name(text: str, blank: str = "_") -> str:
    r"""Return a text as the name of a file or folder that no disk refuses and no path leaves.

    Composed as NFC, without control and invisible characters, separators, reserved names, leading dots or
    dashes, trailing dots or blanks, and cut to `MAX_BYTES`; `blank` where nothing is left.

    >>> safe_name("../../etc/passwd"), safe_name("CON.jpg"), safe_name("soup\x00. "), safe_name(" ")
    ('__.._etc_passwd', '_CON.jpg', 'soup', '_')
    """
    visible = "".join(char for char in unicodedata.normalize("NFC", text) if _is_visible(char)).strip()
    name = _FORBIDDEN.sub("_", visible)
    bare = name.lstrip(_LEADING)
    name = f"_{bare}" if bare and bare != name else bare
    name = name.encode()[:MAX_BYTES].decode("utf-8", "ignore").rstrip(". ")
    return f"_{name}" if _RESERVED.fullmatch(name) else name or blank


def without_extension(text: str) -> str:
    """Return a name without the extension of a picture: the real one is added again.

    >>> without_extension("cat.JPG"), without_extension("v1.2")
    ('cat', 'v1.2')
    """
    return _KNOWN_EXTENSION.sub("", text.strip())


def same_on_some_disk(name: str) -> str:
    """Return a key that is equal for names which some file system takes for one.

    Coarser than any of them: case is folded both ways and compatible characters are made one.

    >>> same_on_some_disk("Café") == same_on_some_disk("CAFE\u0301")
    True
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).upper().casefold())


def folders_of(labels: Iterable[str], blank: str) -> dict[str, str]:
    """Return a folder for each distinct label, no two the same on any disk; `blank` is for the label "".

    A label that cannot be a name as it is, or that some disk would take for another one, gets eight digits of
    its hash behind it: the folder depends on which labels there are and on nothing else.

    >>> folders_of(["soup", "Tea", "tea", ""], "_unlabelled")
    {'': '_unlabelled', 'Tea': 'Tea-017979e8', 'soup': 'soup', 'tea': 'tea-a9f74d1e'}
    """
    wanted = {label: safe_name(label) if label else blank for label in sorted(set(labels))}
    marked = {label: f"{name}-{_digits(label)}" for label, name in wanted.items()}
    # manifest.csv lies beside these folders, so that none may be called like it.
    changed = {
        label for label, name in wanted.items() if label and (name != label or name.lower().startswith("manifest."))
    }
    names = list(wanted)
    first = [marked[label] if label in changed else wanted[label] for label in names]
    chosen = distinct(first, lambda i: marked[names[i]])
    return dict(zip(names, chosen, strict=True))


def distinct(wanted: Sequence[str], marked: Callable[[int], str]) -> list[str]:
    """Return the names as wanted, and where some disk takes several for one, all of these otherwise.

    `marked(i)` is the other name of item i; where even that is taken, a number is added.

    >>> distinct(["a", "b", "A"], lambda i: f"{'abA'[i]}-{i}")
    ['a-0', 'b', 'A-2']
    """
    places: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(wanted):
        places[same_on_some_disk(name)].append(i)
    chosen = list(wanted)
    taken = {key for key, items in places.items() if len(items) == 1}
    tried: Counter[str] = Counter()
    for i in sorted(i for items in places.values() if len(items) > 1 for i in items):
        chosen[i] = _free(marked(i), taken, tried)
        taken.add(same_on_some_disk(chosen[i]))
    return chosen


def numbered(wanted: Sequence[str]) -> list[str]:
    """Return the names, the first of equal ones as it is and each further one with its number behind.

    So a name stays what it is when another one like it comes later.

    >>> numbered(["a", "b", "a", "a"])
    ['a', 'b', 'a-2', 'a-3']
    """
    seen: Counter[str] = Counter()
    chosen = []
    for name in wanted:
        seen[name] += 1
        chosen.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return chosen


def _free(name: str, taken: set[str], tried: Counter[str]) -> str:
    candidate = name if not tried[name] else f"{name}-{tried[name] + 1}"
    while same_on_some_disk(candidate) in taken:
        tried[name] += 1
        candidate = f"{name}-{tried[name] + 1}"
    return candidate


def _is_visible(char: str) -> bool:
    """Neither a control (Cc), an invisible or direction mark (Cf), a half of a pair (Cs), nor a line end (Zl, Zp)."""
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"}


def _digits(label: str) -> str:
    return hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:8]
