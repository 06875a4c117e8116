"""Every option of reading pictures, with its safe default."""

import os
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

from images.resolver import Resolve, system_addresses

USER_AGENT: Final = "sort-similar/1.0 (sorts sheets of image URLs by similarity)"
MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """How pictures are read; times in seconds, `timeout` for one attempt as a whole.

    `base_folder` is the folder of a local workbook, by which pictures may be named; None (Google) allows no
    local path at all. `allow_private` lifts the address and port rules for those networks only.
    `referers` are pairs (host, Referer to send to it and its subdomains); "*" stands for every host.
    `ca_bundle` is a PEM file of authorities to trust besides the usual ones. `need_bytes` fetches again what
    is known but whose bytes were not kept. `trim` adds a fingerprint of the picture inside its even margins.
    `decode_timeout` bounds one try of decoding one picture. Without `fingerprints` pictures are only checked:
    they can be kept and counted, not compared, and nothing is said of what they look like.
    `resolve` is asked for the addresses of a host name.
    """

    timeout: float = 30.0
    connect_timeout: float = 5.0
    idle_timeout: float = 10.0
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    base_folder: Path | None = None
    allow_files: tuple[Path, ...] = ()
    user_agent: str = USER_AGENT
    referers: tuple[tuple[str, str], ...] = ()
    obey_opt_out: bool = True
    proxy: str | None = None
    ca_bundle: Path | None = None
    refresh: bool = False
    keep_bytes: bool = True
    need_bytes: bool = False
    max_bytes: int = 20 * MEBIBYTE
    max_pixels: int = 50_000_000
    max_redirects: int = 5
    connections: int = 64
    per_host: int = 4
    attempts: int = 3
    fast_jpeg: bool = False
    trim: bool = False
    workers: int | None = None
    decode_timeout: float = 10.0
    fingerprints: bool = True
    resolve: Resolve = system_addresses

    @property
    def worker_count(self) -> int:
        """How many decoder processes: one a processor, and no more than gain anything."""
        return self.workers or max(1, min(8, os.cpu_count() or 1))
