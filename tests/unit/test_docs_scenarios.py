"""The pages about starts name tests that exist, and every reason."""

import re
from functools import cache
from pathlib import Path

import pytest

from sluice.model.reasons import Reason

ROOT = Path(__file__).parents[2]
SCENARIOS = (ROOT / "docs/startup-scenarios.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)(?:\[([^]]+)])?`")
# By which a room of the code takes a reason.
TAKEN = re.compile(r"\bReason\.([A-Z_]+)\b")
ROW = re.compile(r"^\| (\d+) \|.*$", re.MULTILINE)


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("file", "test", "case"), sorted(set(NAMED.findall(SCENARIOS))))
def test_a_scenarios_test_exists(file: str, test: str, case: str) -> None:
    path = ROOT / "tests" / file
    assert re.search(rf"^(async )?def {test}\(", text(path), re.MULTILINE)
    # Cases of a long table stand in modules beside their test.
    assert not case or any(f'"{case}"' in text(one) for one in path.parent.glob("*.py"))


def test_every_scenario_has_a_test_or_stands_among_those_that_do_not_apply() -> None:
    shown, left_out = SCENARIOS.split("## What does not apply")
    assert [row.group() for row in ROW.finditer(shown) if not NAMED.search(row.group())] == []
    assert [row.group() for row in ROW.finditer(left_out) if NAMED.search(row.group())] == []


def test_no_scenario_stands_twice() -> None:
    numbers = ROW.findall(SCENARIOS)
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    ("room", "pages"),
    [
        pytest.param("startup", ("startupgraph.md", "init-nodes.md"), id="graphs"),
        pytest.param("startup/init", ("init-nodes.md",), id="init nodes"),
    ],
)
def test_the_pages_link_every_reason_of_theirs(room: str, pages: tuple[str, ...]) -> None:
    sources = (ROOT / "operator/sluice" / room).glob("*.py")
    taken = {Reason[name] for path in sources for name in TAKEN.findall(text(path))}
    said = "".join(text(ROOT / "docs" / page) for page in pages)
    assert taken
    assert {one for one in taken if f"[{one}](reasons.md#{one.lower()})" not in said} == set()
