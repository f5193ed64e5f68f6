"""Build the Go programs into the cache."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.localcluster.places import Places
from tests.localcluster.programs import CLUSTER, RUNC, TRAEFIK, GoModule, Programs
from tests.localcluster.steps import SetupError

MINIMUM_GO: Final = (1, 26)

# A compiler is a short-lived program: it need not collect much garbage, and one thread for each of
# as many compilers as there are processors wastes less than several threads each. Together with no
# debugging information this saves 38% of the processor time (see README.md).
FRUGAL: Final = {"GOGC": "400", "GOMEMLIMIT": "3GiB", "GOMAXPROCS": "1"}
PARALLEL: Final = f"-p={len(os.sched_getaffinity(0))}"
NO_DEBUGGING: Final = "-gcflags=all=-dwarf=false"


def require_go() -> None:
    """Raise SetupError when there is no Go that can build Kubernetes."""
    wanted = ".".join(str(part) for part in MINIMUM_GO)
    if shutil.which("go") is None:
        raise SetupError(f"no `go` on PATH: install Go {wanted} or newer")
    version = _go_output("env", "GOVERSION", folder=Path("/"))
    parts = tuple(int(part) for part in version.removeprefix("go").split(".")[:2])
    if parts < MINIMUM_GO:
        raise SetupError(f"{version} is too old: install Go {wanted} or newer")


def built(module: GoModule, places: Places) -> Path:
    """Return the folder of the module's programs, whether it exists yet or not."""
    return places.programs / f"{module.name}-{_key(module)}"


def built_programs(places: Places) -> Programs:
    """Return the folders of all programs."""
    return Programs(
        cluster=built(CLUSTER, places), traefik=built(TRAEFIK, places), runc=built(RUNC, places)
    )


def fetch_sources(module: GoModule) -> None:
    """Download the modules that a later `build` needs, while the processors are busy elsewhere."""
    _go("list", "-deps", *_tags(module), "tool", module=module, output=subprocess.DEVNULL)


def build(module: GoModule, places: Places) -> None:
    """Build the module's programs unless the cache has them.

    One `go build` for all of them: a library is compiled once, and linking one program overlaps
    with compiling the next.
    """
    if built(module, places).exists():
        return
    places.programs.mkdir(parents=True, exist_ok=True)
    # Renamed when complete, so that an interrupted build is never taken for a finished one.
    with tempfile.TemporaryDirectory(dir=places.programs, prefix=".building-") as scratch:
        target = Path(scratch) / module.name
        target.mkdir()
        log = build_log(module, places)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as output:
            _go(*_build_arguments(module, target), module=module, output=output.fileno())
        if module.assets is not None:
            words = ("list", "-m", "-f", "{{.Dir}}", module.assets.module)
            source = Path(_go_output(*words, folder=module.folder))
            shutil.copytree(source / module.assets.folder, target / "assets")
        target.rename(built(module, places))


def build_log(module: GoModule, places: Places) -> Path:
    """Return the file with the compiler's messages."""
    return places.build_logs / f"build-{module.name}.log"


def _key(module: GoModule) -> str:
    settings = (module.tags, module.cgo, sorted(module.variables.items()))
    digest = hashlib.sha256(repr(settings).encode())
    for path in sorted(module.folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(module.folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _tags(module: GoModule) -> list[str]:
    return ["-tags", ",".join(module.tags)]


def _build_arguments(module: GoModule, target: Path) -> list[str]:
    variables = [f"-X {name}={value}" for name, value in module.variables.items()]
    packages = ["tool"]
    if any(module.folder.glob("*/*.go")):
        packages.append("./...")
    return [
        "build",
        PARALLEL,
        NO_DEBUGGING,
        "-trimpath",
        # A profile beside a main package would have every library compiled again for it alone.
        "-pgo=off",
        "-buildvcs=false",
        "-mod=readonly",
        *_tags(module),
        "-ldflags",
        " ".join(["-s", "-w", *variables]),
        "-o",
        f"{target}/",
        *packages,
    ]


def _go(*arguments: str, module: GoModule, output: int) -> None:
    subprocess.run(
        ["go", *arguments],
        cwd=module.folder,
        env=os.environ | FRUGAL | {"CGO_ENABLED": "1" if module.cgo else "0"},
        stdout=output,
        stderr=subprocess.STDOUT,
        check=True,
    )


def _go_output(*arguments: str, folder: Path) -> str:
    command = ["go", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
