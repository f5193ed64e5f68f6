"""The pages of docs/: their sections, and what a reader copies from them."""

import re

import yaml

from sluice.model.json import Body
from tests.manifest_files import ROOT


def page(name: str) -> str:
    """Return the text of a page of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """Return what stands below a heading of a page, without the heading."""
    _, _, after = page(name).partition(f"\n## {heading}\n")
    assert after, f"{name} has no section {heading}"
    return after.partition("\n## ")[0]


def blocks(text: str, language: str) -> tuple[str, ...]:
    """Return the blocks of code of a language, in order."""
    return tuple(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def manifests(block: str) -> tuple[Body, ...]:
    """Return the objects of a block of YAML."""
    return tuple(Body(value) for value in yaml.load_all(block, yaml.CSafeLoader))
