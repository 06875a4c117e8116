"""From the texts of a sheet to a picture or a failure for each."""

from collections.abc import Callable, Mapping, Sequence

from images.knowledge import Found
from images.placeholders import Source, suspected
from images.results import FLAGS, FetchFailure, Picture, Problem
from images.run import Run
from images.settings import Settings
from images.store import Content, Store
from images.targets import Target, Web, read_target


def read_pictures(
    urls: Sequence[str],
    settings: Settings,
    store: Store,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Picture | FetchFailure]:
    """Return a picture or a failure for each distinct text of `urls`, in their order.

    `progress(done, total)` counts distinct texts and is called from this thread, as is `cancelled`; when that
    says True the run ends with `KeyboardInterrupt`, as at Ctrl-C. However the run ends, what was fetched so
    far is in the store, and no process or connection is left. Raises `StateError` when the disk is full.
    """
    targets = {text: read_target(text) for text in urls}
    keyed = {_key(text, target): target for text, target in targets.items()}
    run = Run(keyed, settings, store, progress, cancelled)
    run.finish()
    return _results(targets, run)


def _key(text: str, target: Target) -> str:
    """Return what tells apart what is to be read: the address of a web target, else the text."""
    return target.url if isinstance(target, Web) else text


def _results(targets: Mapping[str, Target], run: Run) -> dict[str, Picture | FetchFailure]:
    found = {key: end for key, end in run.ends.items() if isinstance(end, Found)}
    webs = {target.url for target in targets.values() if isinstance(target, Web)}
    marked = suspected([Source(url, found[url].final_url, found[url].sha256) for url in webs if url in found])
    results: dict[str, Picture | FetchFailure] = {}
    for text, target in targets.items():
        key = _key(text, target)
        end = run.ends[key]
        if isinstance(end, Problem):
            final_url = run.failed_at.get(key)
            results[text] = FetchFailure(text, end.status, end.reason, final_url if final_url != key else None)
        else:
            results[text] = _picture(text, end, run.contents[end.sha256], placeholder=key in marked)
    return results


def _picture(text: str, found: Found, content: Content, *, placeholder: bool) -> Picture:
    made = content.fingerprint
    looks = (False, False) if made is None else (made.blank, made.low_detail)
    marks = (*looks, placeholder, content.animated)
    flags = tuple(flag for flag, marked in zip(FLAGS, marks, strict=True) if marked)
    size = (content.bytes, content.format, content.width, content.height)
    return Picture(text, found.final_url, found.sha256, *size, made, flags)
