"""Run the commands as a person does: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def arguments_of(script: str, *arguments: object) -> list[str]:
    """Return the command line that runs a script of the project."""
    return [sys.executable, str(ROOT / script), *map(str, arguments)]


def run(
    script: str, *arguments: object, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end and return its exit code and output."""
    return subprocess.run(
        arguments_of(script, *arguments),
        cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
