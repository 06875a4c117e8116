"""The options of fetching on a command line, and the settings they mean: one place for both."""

import argparse
import ipaddress
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import unquote

from images.results import Problem
from images.settings import USER_AGENT, Settings
from images.targets import web_target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of fetching; every command that fetches has the same."""
    group = parser.add_argument_group("fetching")
    group.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, default=30.0,
        help="for one attempt as a whole; there are at most three a row (default: 30)",
    )  # fmt: skip
    group.add_argument("--refresh", action="store_true", help="ask the servers whether known pictures changed")
    group.add_argument(
        "--allow-private", metavar="CIDR", type=network, action="append", default=[],
        help="allow addresses that are not public, such as 10.0.0.0/8 (repeatable)",
    )  # fmt: skip
    group.add_argument(
        "--allow-files", metavar="DIR", type=Path, action="append", default=[],
        help="a local workbook may name pictures in DIR besides its own folder (repeatable)",
    )  # fmt: skip
    group.add_argument("--store", metavar="DIR", type=Path, help="folder of the fetched pictures (default: in --state)")
    group.add_argument(
        "--no-keep-bytes", action="store_true", help="keep fingerprints only; an export fetches the pictures again"
    )
    group.add_argument(
        "--user-agent", metavar="TEXT", type=_header, default=USER_AGENT, help="what servers are told who asks"
    )
    group.add_argument(
        "--referer", metavar="HOST=URL", type=_referer, action="append", default=[],
        help="Referer for a host that answers only its own pages, '*' for all (repeatable)",
    )  # fmt: skip
    group.add_argument(
        "--per-host", metavar="N", type=_count, default=4, help="connections to one host at a time (default: 4)"
    )
    group.add_argument("--ca-bundle", metavar="FILE", type=Path, help="authorities to trust besides the usual ones")
    group.add_argument(
        "--ignore-opt-out", action="store_true", help="fetch pictures whose server opts out by X-Robots-Tag"
    )
    group.add_argument(
        "--proxy", metavar="URL", type=_proxy, help="fetch through this proxy; its address rules apply then"
    )
    group.add_argument(
        "--fast-jpeg", action="store_true", help="decode large JPEGs at a fraction: faster, changes some hash bits"
    )


def settings_of(options: argparse.Namespace, *, base_folder: Path | None) -> Settings:
    """Return the settings that the options mean; `base_folder` is the local workbook's folder, None for Google."""
    return Settings(
        timeout=options.timeout,
        allow_private=tuple(options.allow_private),
        base_folder=base_folder,
        allow_files=tuple(options.allow_files),
        user_agent=options.user_agent,
        referers=tuple(options.referer),
        obey_opt_out=not options.ignore_opt_out,
        proxy=options.proxy,
        per_host=options.per_host,
        ca_bundle=options.ca_bundle,
        refresh=options.refresh,
        keep_bytes=not options.no_keep_bytes,
        fast_jpeg=options.fast_jpeg,
        trim=options.trim,
    )


def store_folder(options: argparse.Namespace) -> Path:
    """Return the folder of the store: --store, or `store` in the state folder."""
    folder: Path = options.store or options.state / "store"
    return folder


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 64")
    return int(text)


def network(text: str) -> IPv4Network | IPv6Network:
    """Read an address range."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address range such as 10.0.0.0/8") from error


def _referer(text: str) -> tuple[str, str]:
    host, equals, url = text.partition("=")
    if not (host and equals and url.startswith(("http://", "https://"))):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST=URL, such as example.org=https://example.org/")
    return host.lower(), _header(url)


def _proxy(text: str) -> str:
    target = web_target(text if "://" in text else f"http://{text}")
    password = unquote(text.rpartition("@")[0])
    if isinstance(target, Problem) or not _sendable(password):
        # the text is not repeated, as it may hold a password
        raise argparse.ArgumentTypeError("a proxy is http:// or https://, perhaps user:password@, and host:port")
    return text


def _header(text: str) -> str:
    if not _sendable(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not one line of letters that can be sent to a server (Latin-1)")
    return text


def _sendable(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return text.isprintable()
