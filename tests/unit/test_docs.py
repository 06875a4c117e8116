"""The documents cannot lie: usage blocks are what --help prints, links lead somewhere, promised files exist."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.usage import BLOCK, PAGES, ROOT, help_of, shown

SCRIPTS = sorted(path.name for path in ROOT.glob("*.py") if path.name not in ("errors.py", "atomic.py"))


BLOCKS = [match.groupdict() for page in PAGES for match in BLOCK.finditer(page.read_text("utf-8"))]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block['kind']} {block['command']}")
def test_the_documents_show_what_help_prints(block: dict[str, str]) -> None:
    said = shown(block["kind"], block["command"])
    if sys.version_info >= (3, 13):  # argparse words its help in another way there: compare the options
        assert set(re.findall(r"--[a-z-]+", block["text"])) == set(re.findall(r"--[a-z-]+", said))
    else:
        assert block["text"] == said, "run: python -m tests.usage"


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_command_stands_in_the_readme_and_in_full_on_its_page(script: str) -> None:
    named = {(block["kind"], block["command"]) for block in BLOCKS}
    assert {("usage", script), ("help", script)} <= named


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
