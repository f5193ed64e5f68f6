"""Rules of the house that no linter knows."""

import importlib.util
import re
from pathlib import Path
from statistics import median
from types import ModuleType

import pytest

from sluice.model.reasons import MEANINGS, Reason

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "operator/sluice").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", sorted(generator().PAGES))
def test_generated_pages_are_fresh(name: str) -> None:
    fresh = generator().PAGES[name]()

    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == fresh, "run `make docs`"


def test_the_package_never_shadows_the_standard_library() -> None:
    assert not (ROOT / "operator/__init__.py").exists()


def test_files_are_small() -> None:
    sizes = {path: lines(path) for path in SOURCES}

    assert {path: size for path, size in sizes.items() if size > 500} == {}
    assert median(sizes.values()) <= 155


def test_rooms_have_names_that_say_something() -> None:
    forbidden = re.compile(r"(utils?|helpers?|common|misc|manager)\.py")

    assert [path for path in SOURCES if forbidden.fullmatch(path.name)] == []


def test_every_reason_has_a_meaning_and_a_next_step() -> None:
    assert set(MEANINGS) == set(Reason)
    assert all(known.meaning and known.next_step for known in MEANINGS.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    broken = [target for target in targets if not (page.parent / target).exists()]

    assert broken == []
