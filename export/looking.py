"""What the rows show: what the store knows, what is fetched, and the last good picture where the live one fails."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from export.grouping import Readings
from export.remarks import Remark, stale
from images import FetchFailure, Picture, Settings, Store
from images.knowledge import contents_known, judge
from images.store import Visit
from images.targets import Web, read_target

_FINAL: Final = frozenset({"opted_out", "refused_address"})
"""Failures that forbid the picture, so that an earlier one must not be taken instead."""

Read = Callable[[Sequence[str], Settings], Readings]
"""How pictures are read: the store is known to it, and whoever watches is told how far it is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rows show. `known` gives the sha256 by URL from before the run, `stale` what is not the live picture."""

    readings: Readings
    known: Mapping[str, str]
    stale: Mapping[str, Remark]


class Look:
    """How the pictures of the rows are read in one run."""

    def __init__(  # noqa: PLR0913 - what is to be read, how, and where it may lie already
        self,
        urls: Sequence[str],
        settings: Settings,
        store: Store,
        read: Read,
        *,
        exported: Callable[[str], bytes | None],
        passing: bool = False,
    ) -> None:
        """Note what the store knows of these rows, before all is read.

        `exported` gives the bytes that an earlier export has of a URL; `passing` bytes are kept for this run only.
        """
        self._urls, self._settings, self._read, self._exported = urls, settings, read, exported
        self.store = store
        self._kept_before = frozenset(sha256 for sha256, _ in store.objects.kept()) if passing else None
        self._stale: dict[str, Remark] = {}
        webs = {text: target.url for text in set(urls) if isinstance(target := read_target(text), Web)}
        visits = store.visits(sorted(set(webs.values())))
        self._before = {text: visit for text, url in webs.items() if (visit := visits.get(url)) and visit.sha256}
        shas = {visit.sha256 for visit in self._before.values() if visit.sha256}
        self._contents = contents_known(shas, settings, store)
        self._known = {
            text: visit.sha256
            for text, visit in self._before.items()
            if visit.sha256 and ((content := self._contents.get(visit.sha256)) is None or content.status == "ok")
        }

    def at_all(self) -> Seen:
        """Read every picture; what the store knows is not fetched."""
        return self._seen(self._read(self._urls, self._settings))

    def again_at(self, urls: Iterable[str]) -> Seen:
        """Fetch the pictures whose bytes are not there, and read all again: flags depend on all together."""
        fetched = self._read(sorted(urls), replace(self._settings, need_bytes=True))
        failed = {url: reading for url, reading in fetched.items() if isinstance(reading, FetchFailure)}
        return self._seen({**self._read(self._urls, replace(self._settings, refresh=False)), **failed})

    def keeps(self, sha256: str | None) -> bool:
        """Say whether the store has the bytes of a content."""
        return sha256 is not None and self.store.picture_path(sha256) is not None

    def forget(self, contents: Iterable[str | None]) -> None:
        """Keep no passing bytes in the store that were not there before."""
        if self._kept_before is not None:
            for sha256 in {sha256 for sha256 in contents if sha256} - self._kept_before:
                self.store.objects.remove(sha256)

    def _seen(self, readings: Readings) -> Seen:
        """Take the last good picture where the live one cannot be read."""
        failed = {
            url: reading
            for url, reading in readings.items()
            if isinstance(reading, FetchFailure)
            and reading.status not in _FINAL
            and (self._was_good(url) or self._put_back(url))
        }
        if failed:
            wanted = [url for url, reading in readings.items() if isinstance(reading, Picture) or url in failed]
            again = self._read(wanted, replace(self._settings, refresh=False))
            readings = {**readings, **{url: found for url, found in again.items() if isinstance(found, Picture)}}
            self._stale |= {url: stale(failure.reason) for url, failure in failed.items()}
        shown = {url for url in self._stale if isinstance(readings[url], Picture)}
        return Seen(readings, self._known, {url: remark for url, remark in self._stale.items() if url in shown})

    def _put_back(self, url: str) -> bool:
        """Take into the store what an earlier export has of a row, where the store has lost it."""
        target, data = read_target(url), self._exported(url)
        if data is None or not isinstance(target, Web):
            return False
        sha256 = hashlib.sha256(data).hexdigest()
        self.store.objects.keep(sha256, data)
        self.store.record([Visit(target.url, "", "ok", "", None, sha256, time=time.time())], [])
        return True

    def _was_good(self, url: str) -> bool:
        visit = self._before.get(url)
        content = self._contents.get(visit.sha256) if visit and visit.sha256 else None
        return content is not None and judge(content, self._settings) is None and self.keeps(content.sha256)
