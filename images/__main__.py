"""See and prune a store: `python -m images usage` and `python -m images prune`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from errors import CurationError
from images.store import Store, Usage

_EXAMPLES = """\
examples:
  python -m images usage
  python -m images prune --older-than 90
  python -m images prune --bytes-only --store .curation/store
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(argv)
    try:
        if not options.store.is_dir():
            sys.stderr.write(
                f"Error: There is no store in {options.store}.\n       Name its folder with --store DIR.\n"
            )
            return 1
        with Store(options.store) as store:
            if options.command == "prune":
                before = store.usage()
                _show("before", before)
                _show("after", store.prune(older_than_days=options.older_than, bytes_only=options.bytes_only))
            else:
                _show(str(options.store), store.usage())
    except CurationError as error:
        sys.stderr.write(f"Error: {error.what}\n       {error.hint}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m images",
        description="See and prune the store of fetched pictures, while no run is using it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("command", choices=("usage", "prune"))
    made.add_argument("--store", metavar="DIR", type=Path, default=Path(".curation/store"), help="default: %(default)s")
    made.add_argument(
        "--older-than", metavar="DAYS", type=float, help="prune: forget addresses that were not fetched since"
    )
    made.add_argument(
        "--bytes-only", action="store_true", help="prune: remove the pictures, keep what is known of them"
    )
    return made


def _show(what: str, usage: Usage) -> None:
    sys.stdout.write(
        f"{what}: {usage.addresses} addresses, {usage.pictures} pictures,"
        f" {usage.files} kept as files, {usage.bytes / 1e6:.1f} MB\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
