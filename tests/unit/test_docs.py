"""The documents cannot lie: usage blocks are what --help prints, links lead somewhere, promised files exist."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.usage import BLOCK, README, ROOT, help_of

SCRIPTS = sorted(path.name for path in ROOT.glob("*.py") if path.name not in ("errors.py", "atomic.py"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_readme_shows_the_usage_of_every_command(script: str) -> None:
    shown = {match["script"]: match["text"] for match in BLOCK.finditer(README.read_text("utf-8"))}
    said = help_of(script)
    if sys.version_info >= (3, 13):  # argparse words its help in another way there: compare the options
        assert set(re.findall(r"--[a-z-]+", shown[script])) == set(re.findall(r"--[a-z-]+", said))
    else:
        assert shown[script] == said, "run: python -m tests.usage"


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_help_has_an_example(script: str) -> None:
    assert f"python {script} " in help_of(script)


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_example_credentials_hold_no_key() -> None:
    example = json.loads((ROOT / "credentials.example.json").read_text("utf-8"))
    assert example["type"] == "service_account"
    assert "BEGIN" not in example["private_key"]


def test_every_requirement_has_a_reason() -> None:
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        assert not line or line.startswith("#") or re.search(r"  # \w+", line), line
