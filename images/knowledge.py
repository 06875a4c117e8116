"""What the store already knows of the addresses of a run, judged by the options of this run."""

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from images.decode import too_many_pixels
from images.guard import is_allowed
from images.hosts import Job
from images.local_files import too_large
from images.outcomes import Document
from images.results import OPTED_OUT, Problem
from images.settings import Settings
from images.store import Content, Store, Visit
from images.targets import Web

_FAILURES_HOLD_SECONDS: Final = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Found:
    """Where an address ended, and the content there."""

    final_url: str
    sha256: str


@dataclass(slots=True)
class Knowledge:
    """The addresses of a run, parted: known to end somewhere, content still to be decoded, or to be fetched.

    `contents` has what is known of the contents of `ends`. `visits` has, for `jobs` that only ask whether
    something changed, what was known; `failed_at` the address that answered a known failure in the end.
    """

    ends: dict[str, Found | Problem] = field(default_factory=dict)
    stored: dict[str, Found] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    contents: dict[str, Content] = field(default_factory=dict)
    failed_at: dict[str, str] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)


def look_up(webs: Sequence[Web], settings: Settings, store: Store) -> Knowledge:
    """Return what is known of these addresses, in their order."""
    known = Knowledge()
    policy, now = policy_of(settings), time.time()
    visits = {url: v for url, v in store.visits([web.url for web in webs]).items() if _holds(v, settings, policy, now)}
    hashes = {visit.sha256 for visit in visits.values() if visit.sha256}
    known.contents = contents_known(hashes, settings, store)
    for web in webs:
        visit = visits.get(web.url)
        if visit is None or not _usable(visit, known.contents, settings, store):
            known.jobs.append(Job(web))
        elif settings.refresh:
            known.visits[web.url] = visit
            job = Job(web)
            if visit.sha256:
                job.etag, job.last_modified = visit.etag, visit.last_modified
            known.jobs.append(job)
        elif visit.sha256 is None:
            known.ends[web.url] = Problem(visit.status, visit.reason)
            known.failed_at[web.url] = visit.final_url or web.url
        elif visit.opted_out and settings.obey_opt_out:
            known.ends[web.url] = Problem("opted_out", OPTED_OUT)
        elif content := known.contents.get(visit.sha256):
            known.failed_at[web.url] = visit.final_url or web.url
            known.ends[web.url] = judge(content, settings) or Found(visit.final_url or web.url, visit.sha256)
        else:
            known.stored[web.url] = Found(visit.final_url or web.url, visit.sha256)
    return known


def contents_known(hashes: Iterable[str], settings: Settings, store: Store) -> dict[str, Content]:
    """Return what the store knows of contents, as far as these settings ask for it."""
    return store.contents(hashes, fast=settings.fast_jpeg, trim=settings.trim, bare=not settings.fingerprints)


def policy_of(settings: Settings) -> str:
    """Name the options under which a remembered failure holds: with others the server might answer otherwise."""
    parts = (
        settings.user_agent, settings.referers, settings.proxy, settings.max_bytes, settings.obey_opt_out,
        str(settings.ca_bundle),
    )  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def visit_of(job: Job, policy: str, outcome: Document | Problem) -> Visit:
    """Return what to remember of a job that has come to its end."""
    common: dict[str, Any] = {"final_url": job.at.url, "time": time.time(), "attempts": job.attempt}
    common["private"] = job.private
    if isinstance(outcome, Problem):
        return Visit(job.start.url, policy, outcome.status, outcome.reason, sha256=None, **common)
    return Visit(
        job.start.url, policy, "ok", "", sha256=outcome.sha256, etag=outcome.etag,
        last_modified=outcome.last_modified, opted_out=outcome.opted_out, **common,
    )  # fmt: skip


def judge(content: Content, settings: Settings) -> Problem | None:
    """Return why a content gives no picture under these options, None when it does."""
    if content.bytes > settings.max_bytes:
        return too_large(settings.max_bytes)
    if content.status != "ok":
        return Problem(content.status, content.reason)
    return too_many_pixels(content.width, content.height, settings.max_pixels)


def _holds(visit: Visit, settings: Settings, policy: str, now: float) -> bool:
    """Say whether a visit may be used: its addresses are allowed now, and a failure is neither old nor another's."""
    if not all(is_allowed(ip_address(address), settings.allow_private) for address in visit.private):
        return False
    return visit.sha256 is not None or (visit.policy == policy and 0 <= now - visit.time < _FAILURES_HOLD_SECONDS)


def _usable(visit: Visit, contents: dict[str, Content], settings: Settings, store: Store) -> bool:
    if visit.sha256 is None:
        return True
    if visit.sha256 in contents:
        return not settings.need_bytes or store.picture_path(visit.sha256) is not None
    return store.open_bytes(visit.sha256) is not None
