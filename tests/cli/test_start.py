"""`--help` answers at once: nothing that is slow to import is imported."""

import json
import subprocess
import sys

import pytest

_SLOW = (
    "kubernetes",
    "kopf",
    "aiohttp",
    "rich",
    "sluice.engine",
    "sluice.rollout",
    "sluice.startup",
)
_PROBE = f"""
import json, sys, time
from sluice.cli.main import outcome
code = outcome(sys.argv[1:], "sluice")
loaded = [name for name in {_SLOW!r} if name in sys.modules]
print(json.dumps([code, loaded, time.process_time()]))
"""
# Ten times what it takes on an idle machine: a stray import of a client costs more.
_MOST_CPU_SECONDS = 1.5


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--help"], id="of the program"),
        pytest.param(["rollout", "--help"], id="of the group"),
        pytest.param(["rollout", "get", "--help"], id="of a command"),
        pytest.param(["rollout", "explain", "--help"], id="of a command that asks Prometheus"),
        pytest.param(["graph", "--help"], id="of the group of graphs"),
        pytest.param(["graph", "import", "--help"], id="of a command that reads a file"),
        pytest.param(["graph", "resolve", "--help"], id="of a command about what runs once"),
        pytest.param(["check", "--help"], id="of the check"),
    ],
)
def test_help_imports_no_client(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    *usage, verdict = done.stdout.splitlines()
    code, loaded, seconds = json.loads(verdict)
    assert usage[0].startswith(" ".join(["Usage: sluice", *words[:-1]]))
    assert (code, loaded) == (0, [])
    assert seconds < _MOST_CPU_SECONDS
