"""Every exit code is reached, and said why."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sluice.cli.exits import Exit
from sluice.cli.main import outcome, program
from sluice.rollout.status import RolloutStatus
from tests.builders import as_stored, rollout
from tests.cli.conftest import Command
from tests.cli.scenes import HEALTHY, JUDGING, ROLLED_BACK, body, condition
from tests.cli.server import Cluster
from tests.manifest_files import ROOT

STALLED = replace(JUDGING, conditions=(*JUDGING.conditions, condition("Stalled", "Conflict")))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        pytest.param(HEALTHY, Exit.DONE, id="done when healthy"),
        pytest.param(ROLLED_BACK, Exit.NEGATIVE, id="negative when rolled back"),
        pytest.param(STALLED, Exit.NEGATIVE, id="negative when a person is needed"),
        pytest.param(JUDGING, Exit.TIMED_OUT, id="timed out while it goes on"),
        pytest.param(None, Exit.TIMED_OUT, id="timed out while no operator has seen it"),
    ],
)
def test_status_ends_with_the_code_of_the_state(
    cluster: Cluster, sluice: Command, status: RolloutStatus | None, code: Exit
) -> None:
    cluster.put(body(status))

    said = sluice("rollout", "status", "checkout", "--timeout", "50ms")

    assert said.code == code
    if code is Exit.TIMED_OUT:
        assert "fix:   sluice rollout explain checkout" in said.err


def test_an_unknown_command_is_a_usage_error_with_the_nearest_one(sluice: Command) -> None:
    said = sluice("rollout", "abrt", "checkout")

    assert said.code == Exit.USAGE
    assert "'abort'" in said.err


def test_an_unknown_rollout_is_not_found_and_the_nearest_is_named(
    cluster: Cluster, sluice: Command
) -> None:
    cluster.put(body(HEALTHY))

    said = sluice("rollout", "get", "chekout")

    assert said.code == Exit.NOT_FOUND
    assert "did you mean checkout?" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("http", "reason", "code"),
    [
        pytest.param(403, "Forbidden", Exit.FORBIDDEN, id="forbidden by RBAC"),
        pytest.param(401, "Unauthorized", Exit.FORBIDDEN, id="not known to the server"),
        pytest.param(503, "ServiceUnavailable", Exit.UNREACHABLE, id="server overloaded"),
        pytest.param(422, "Invalid", Exit.NEGATIVE, id="refused by the server"),
    ],
)
def test_a_refusal_of_the_server_has_its_code(
    cluster: Cluster, sluice: Command, http: int, reason: str, code: Exit
) -> None:
    cluster.refuse("GET", http, reason)

    said = sluice("rollout", "list")

    assert said.code == code
    assert f"refused with {http} on purpose" in said.err


def test_a_server_that_is_away_is_unreachable(cluster: Cluster, sluice: Command) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    written = cluster.kubeconfig.read_text().replace(cluster.http.url, f"http://127.0.0.1:{port}")
    cluster.kubeconfig.write_text(written)

    assert sluice("rollout", "list").code == Exit.UNREACHABLE


def test_a_missing_kubeconfig_is_unreachable(capsys: pytest.CaptureFixture[str]) -> None:
    code = outcome(["rollout", "list", "--kubeconfig", "/nowhere/at/all"], "sluice")

    assert code == Exit.UNREACHABLE
    assert "/nowhere/at/all" in capsys.readouterr().err


def test_an_object_that_never_stands_still_is_a_conflict(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(JUDGING))
    cluster.refuse("PATCH", 409, "Conflict")

    assert sluice("rollout", "pause", "checkout").code == Exit.CONFLICT


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have SIGINT do what it does at a terminal: a shell's background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_has_the_code_of_the_shell(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(JUDGING))
    # A watch waits until it is interrupted; an answer could overtake the signal.
    cluster.http.on_watch = lambda: os.kill(os.getpid(), signal.SIGINT)

    assert sluice("rollout", "status", "checkout").code == Exit.INTERRUPTED


def test_a_fault_of_ours_shows_no_stack_trace(cluster: Cluster, sluice: Command) -> None:
    timeless = as_stored(rollout(), creationTimestamp="yesterday")
    cluster.put(timeless)

    said = sluice("rollout", "get", "checkout")

    assert said.code == Exit.NEGATIVE
    assert "yesterday" in said.err
    assert "Traceback" not in said.err


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-c", "from sluice.cli.main import main; main()", "version"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=30,
    )
    os.close(writing)

    assert done.returncode == Exit.NEGATIVE
    assert done.stderr == ""


def test_the_page_of_exit_codes_lists_each_once_with_its_number() -> None:
    page = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)

    assert [(int(number), name) for number, name in rows] == [(e.value, e.name) for e in Exit]


@pytest.mark.parametrize(
    ("called", "name"),
    [
        pytest.param("/usr/bin/sluice", "sluice", id="by its own name"),
        pytest.param("/opt/kubectl-sluice", "kubectl sluice", id="as a plugin of kubectl"),
        pytest.param("/x/sluice/__main__.py", "python -m sluice", id="as a module"),
    ],
)
def test_usage_repeats_how_it_was_called(called: str, name: str) -> None:
    assert program(called) == name
