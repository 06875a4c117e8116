"""Results of runs that never were, for review pages: as many groups as wanted, and whatever text."""

from collections.abc import Sequence

from PIL import Image

from report.result import Result, ResultEvidence, ResultGroup, ResultRow
from tests.pictures import scene


def row(number: int, url: str, *, group: int | None, keeper: bool, block: int, family: int | None) -> ResultRow:
    """Return a row that shows a picture of its own."""
    return ResultRow(
        row=number, new_row=number, url=url, final_url=url, status="ok", reason=None, flags=(),
        sha256=f"{number:064x}", bytes=1000 * number, format="JPEG", width=640, height=480,
        ahash=f"{number:016x}", phash=f"{number:016x}", dhash=f"{number:016x}",
        group=group, family=family, block=block, representative=keeper if group else None,
    )  # fmt: skip


def result_of(groups: Sequence[Sequence[str]], name: str = "book") -> Result:
    """Return a result with these groups of URLs, each a family and a block, from row 2 on; the first is the keeper."""
    rows: list[ResultRow] = []
    made = []
    for number, urls in enumerate(groups, start=1):
        first = len(rows) + 2
        rows += [
            row(first + i, url, group=number, keeper=i == 0, block=number, family=number) for i, url in enumerate(urls)
        ]
        members = tuple(range(first, len(rows) + 2))
        pairs = tuple(ResultEvidence((first, other), (1, 2, 3), 0.97) for other in members[1:])
        made.append(ResultGroup(number, number, members, first, pairs))
    return Result(name, "tab", "B2:C", {"verify": True}, tuple(rows), tuple(made))


def thumbnails_of(found: Result, different: int = 60) -> dict[str, Image.Image]:
    """Return a thumbnail for each content; groups differ as far as `different` pictures go."""
    scenes = [scene(seed, 220, 165) for seed in range(different)]
    return {one.sha256 or "": scenes[(one.group or 0) % different] for one in found.rows}
