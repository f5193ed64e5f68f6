"""The image of operator/Dockerfile: what the manifests expect of it, and nothing from elsewhere."""

import re

import pytest

from tests.localcluster.operator_image import COMMAND, PYTHON_VERSION
from tests.manifest_files import ROOT, only

WRITTEN = (ROOT / "operator/Dockerfile").read_text(encoding="utf-8")
LINES = tuple(
    line
    for line in re.sub(r"\\\n\s*", "", WRITTEN).splitlines()
    if line and not line.startswith("#")
)
STAGES = tuple(line for line in LINES if line.startswith("FROM "))
LAST = LINES[LINES.index(STAGES[-1]) :]
POD = only("Deployment", "sluice").body("spec", "template", "spec")


def only_line(keyword: str) -> str:
    """Return what the last stage says after a keyword that it uses once."""
    (line,) = (line for line in LAST if line.startswith(f"{keyword} "))
    return line.removeprefix(f"{keyword} ")


def test_both_stages_have_the_python_of_the_image_that_is_tested() -> None:
    # requirements.lock is resolved for this version.
    bases = [stage.split()[1] for stage in STAGES]
    assert bases == [f"python:{PYTHON_VERSION}-slim"] * 2


def test_it_names_no_host() -> None:
    assert re.findall(r"\w+://|\w\.(?:io|com|org|dev)\b", "\n".join(LINES)) == []


def test_it_runs_as_the_user_of_the_pod() -> None:
    security = POD.body("securityContext")
    user, group = security.whole("runAsUser"), security.whole("runAsGroup")
    assert only_line("USER") == f"{user}:{group}"
    assert any(f"sluice:x:{user}:{group}:" in line for line in LAST)


def test_its_entry_point_takes_the_arguments_of_the_pod() -> None:
    (container,) = POD.bodies("containers")
    module = ", ".join(f'"{word}"' for word in COMMAND.entrypoint[1:])
    assert only_line("ENTRYPOINT").endswith(f"{module}]")
    assert not container.has("command")
    assert only_line("CMD") == '["run"]'
    assert container.texts("args") == ("run",)


@pytest.mark.parametrize("name", ["HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"])
def test_it_can_do_with_a_root_that_is_only_read(name: str) -> None:
    assert f"{name}={COMMAND.environment[name]}" in only_line("ENV").split()


def test_every_dependency_is_checked_by_its_hash() -> None:
    installs = [line for line in LINES if line.startswith("RUN pip ") and " install " in line]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "--requirement /tmp/requirements.lock" in installs[0]
    assert "--no-deps" in installs[1]
    assert installs[1].endswith("*.whl")
