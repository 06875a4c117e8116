"""What people's decisions say of each diff: how many of the pairs that it groups are duplicates. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, Final

from hashing.measuring import Measured
from reviewing.distinct import Pair, apart
from reviewing.marks import Marks

DIFFS: Final = tuple(range(6, 25, 2))
"""The diffs whose shares people are shown."""
TIERS: Final = ("near-duplicate", "look-alike", "vote alone")
"""Pairs that win the vote and are verified, that are in doubt, and all that win it."""
TRUSTED: Final = 0.9
"""What the lower end of the interval must reach for a diff to be suggested: at least 35 pairs, all of them right."""
_Z: Final = 1.959964  # 95 % of a normal distribution lie within so many standard deviations


@dataclass(frozen=True, slots=True)
class Share:
    """So many duplicates among so many pairs that people judged."""

    duplicates: int
    pairs: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % score interval of the share.

        E. B. Wilson, Probable inference, the law of succession, and statistical inference, J. Amer. Statist. Assoc.
        22 (1927), 209-212.

        >>> [round(end, 3) for end in Share(10, 10).interval], Share(0, 0).interval
        ([0.722, 1.0], (0.0, 1.0))
        """
        if not self.pairs:
            return 0.0, 1.0
        n, p = self.pairs, self.duplicates / self.pairs
        middle, spread = p + _Z**2 / (2 * n), _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        scale = 1 + _Z**2 / n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The share of duplicates at each diff and tier, the diff that follows (None: too little is known), and why."""

    shares: Mapping[tuple[int, str], Share]
    judged: Share
    suggested: int | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` says."""
        rows = [
            {"diff": diff, "tier": tier, **asdict(share), "interval": [round(end, 3) for end in share.interval]}
            for (diff, tier), share in self.shares.items()
        ]
        return {**asdict(self.judged), "suggested": self.suggested, "why": self.why, "shares": rows}

    def lines(self) -> Iterator[str]:
        """Yield the table as lines."""
        yield "  diff    " + "".join(f"{tier:<30}" for tier in TIERS).rstrip()
        for diff in DIFFS:
            yield f"  {diff:>4}    " + "".join(f"{_shown(self.shares[diff, tier]):<30}" for tier in TIERS).rstrip()
        yield f"  {self.why}"


def judged_pairs(marks: Marks, contents: Sequence[str | None], distinct: frozenset[Pair]) -> dict[Pair, bool]:
    """Return the pairs that people judged, and whether they are duplicates.

    Of a group that the columns show, each picture to drop is a duplicate of each one to keep; what is distinct is
    not. A pair that was judged both ways is left out, and so is one of the same file.
    """
    members: dict[str, dict[str, list[str | None]]] = {}
    for group, kind, content in zip(marks.groups, marks.kinds, contents, strict=True):
        if group and kind in ("keep", "drop"):
            members.setdefault(group, {"keep": [], "drop": []})[kind].append(content)
    same = {
        pair
        for group in members.values()
        for kept, dropped in product(group["keep"], group["drop"])
        for pair in apart(kept, [dropped])
    }
    return dict.fromkeys(sorted(same - distinct), True) | dict.fromkeys(sorted(distinct - same), False)


def calibrated(judged: Sequence[tuple[Measured, bool]], used: int, *, verify: bool = True) -> Calibration:
    """Return the shares at each diff, and the largest diff that can be trusted: none above the one `used` so far."""
    shares = {}
    for diff in DIFFS:
        won = [(pair, same) for pair, same in judged if pair.similar(diff)]
        for tier in TIERS:
            found = [same for pair, same in won if _in_tier(pair, tier)]
            shares[diff, tier] = Share(sum(found), len(found))
    all_of_them = Share(sum(same for _, same in judged), len(judged))
    return Calibration(shares, all_of_them, *_suggestion(shares, all_of_them, used, TIERS[0 if verify else 2]))


def _in_tier(pair: Measured, tier: str) -> bool:
    return {"near-duplicate": pair.near, "look-alike": pair.in_doubt, "vote alone": True}[tier]


def _suggestion(shares: Mapping[tuple[int, str], Share], judged: Share, used: int, tier: str) -> tuple[int | None, str]:
    seen = [diff for diff in DIFFS if diff <= used]
    trusted = [diff for diff in seen if shares[diff, tier].interval[0] >= TRUSTED]
    told = f"{judged.pairs} pairs were judged, {judged.duplicates} of them duplicates."
    if trusted:
        low = shares[trusted[-1], tier].interval[0]
        return trusted[-1], f"{told} Suggested: -d {trusted[-1]}, where at least {100 * low:.0f} % are duplicates."
    most = max((shares[diff, tier].pairs for diff in seen), default=0)
    if most < math.ceil(TRUSTED * _Z**2 / (1 - TRUSTED)):
        return None, f"{told} That is too little to suggest a diff: 35 pairs that are all right would be enough."
    best = max(seen, key=lambda diff: (shares[diff, tier].interval[0], diff))
    low = shares[best, tier].interval[0]
    short = f"No diff is sure to reach {100 * TRUSTED:.0f} %."
    return best, f"{told} {short} The best is -d {best}, with at least {100 * low:.0f} % duplicates."


def _shown(share: Share) -> str:
    if not share.pairs:
        return "-"
    low, high = (100 * end for end in share.interval)
    return f"{share.duplicates}/{share.pairs} {100 * share.duplicates / share.pairs:.0f} % ({low:.0f} to {high:.0f})"
