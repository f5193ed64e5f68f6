"""The commands at the top that are not about rollouts."""

from importlib.metadata import version

import pytest

from sluice.cli.exits import Exit
from sluice.cli.main import outcome


def test_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    code = outcome(["version"], "sluice")

    assert code == Exit.DONE
    assert capsys.readouterr().out == f"sluice {version('sluice')}\n"


def test_run_has_the_options_of_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    code = outcome(["run", "--help"], "sluice")

    assert code == Exit.DONE
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: sluice run")
    assert "--leader-election / --no-leader-election" in shown


def test_run_refuses_what_the_operator_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    code = outcome(["run", "--workrs", "2"], "sluice")

    assert code == Exit.USAGE
    assert "--workers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        pytest.param(["rolout"], "'rollout'", id="a command"),
        pytest.param(["rollout", "staus"], "'status'", id="a verb"),
        pytest.param(["graph", "relase"], "'release'", id="a verb of graphs"),
        pytest.param(["graph", "show", "x", "--format", "svg"], "dot", id="a drawing"),
        pytest.param(["rollout", "get", "x", "--wach"], "--watch", id="an option"),
        pytest.param(["rollout", "list", "-o", "jsn"], "json", id="a choice"),
        pytest.param(["rollout", "status", "x", "--timeout", "soon"], "1m30s", id="a duration"),
        pytest.param(["rollout", "get"], "NAME", id="a missing name"),
    ],
)
def test_what_is_mistyped_is_a_usage_error_that_helps(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = outcome(words, "sluice")

    captured = capsys.readouterr()
    assert code == Exit.USAGE
    assert hint in captured.err
    assert captured.out == ""
