"""Make the operator's image without Docker and give it to the cluster.

Three layers, so that a change of the code writes only the last and smallest: Debian with Python,
the locked dependencies, the wheel.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.localcluster import addresses, oci
from tests.localcluster.build import built_programs
from tests.localcluster.daemons import Daemons
from tests.localcluster.operator_base import base_layer, base_log, make_base
from tests.localcluster.places import Places
from tests.localcluster.pruning import keep_only
from tests.localcluster.state import read_state
from tests.localcluster.steps import SetupError, Step, run_steps
from tests.localcluster.worker import import_image

PYTHON_VERSION: Final = "3.11"
DEPENDENCIES: Final = "opt/dependencies"
PACKAGE: Final = "opt/sluice"
COMMAND: Final = oci.Command(
    entrypoint=("/usr/bin/python3.11", "-m", "sluice"),
    environment={
        "PATH": f"/{PACKAGE}/bin:/usr/bin:/bin",
        "PYTHONPATH": f"/{PACKAGE}:/{DEPENDENCIES}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/tmp",  # noqa: S108 (the container's own)
    },
    user="65532",
)


def load_operator(wheel: Path, lock: Path, places: Places) -> None:
    """Make the image of `wheel` and its locked dependencies, and import it into containerd."""
    if not read_state(places).has_node:
        raise SetupError("there is no node to load the image into: run `up` as root first")
    dependencies = places.images / f"dependencies-{_digest(lock)}.tar"
    package = places.images / f"package-{_digest(wheel)}.tar"
    archive = places.images / "operator.tar"
    layers = (base_layer(places), dependencies, package)
    log = places.build_logs / "pip.log"
    daemons = Daemons(places, built_programs(places).cluster, in_node=True)
    locked = ("--require-hashes", "--requirement", str(lock))
    run_steps(
        (
            Step("Debian and Python", lambda: make_base(places), base_log(places)),
            Step(
                "dependencies",
                lambda: _make_layer(dependencies, DEPENDENCIES, locked, log),
                log,
                "is the lock file of this Python's version and of this architecture?",
            ),
            Step(
                "package",
                lambda: _make_layer(package, PACKAGE, ("--no-deps", str(wheel)), log),
                log,
            ),
            Step(
                "image",
                lambda: oci.write_image(archive, addresses.OPERATOR_IMAGE, layers, COMMAND),
            ),
            Step("import", lambda: import_image(archive, daemons)),
        )
    )
    for layer, pattern in ((dependencies, "dependencies-*.tar"), (package, "package-*.tar")):
        keep_only({layer}, places.images, pattern)


def _make_layer(target: Path, folder: str, requirements: Sequence[str], log: Path) -> None:
    """Install `requirements` into a layer's `folder` unless the cache has the layer."""
    if target.exists():
        return
    with tempfile.TemporaryDirectory() as scratch, log.open("w") as output:
        for command in (
            _pip_install(requirements, Path(scratch)),
            # Compiled for good here, because the operator's user may not write there. A hash that
            # is not checked stays valid in a layer whose files have no times.
            [
                *(sys.executable, "-m", "compileall", "-q"),
                *("--invalidation-mode=unchecked-hash", "-s", scratch, "-p", f"/{folder}", scratch),
            ],
        ):
            subprocess.run(command, stdout=output, stderr=output, check=True)
        _name_interpreter(Path(scratch))
        oci.write_layer(target, {folder: Path(scratch)})


def _name_interpreter(installed: Path) -> None:
    """Let programs begin with the image's Python: pip writes the one that it runs in."""
    for program in (installed / "bin").glob("*"):
        first, line_end, rest = program.read_bytes().partition(b"\n")
        if first == f"#!{sys.executable}".encode():
            program.write_bytes(f"#!{COMMAND.entrypoint[0]}".encode() + line_end + rest)


def _pip_install(requirements: Sequence[str], target: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"),
        *("--only-binary=:all:", f"--python-version={PYTHON_VERSION}"),
        f"--target={target}",
        *requirements,
    ]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
