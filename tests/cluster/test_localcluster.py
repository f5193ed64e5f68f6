"""The local cluster itself: it comes up from anything and leaves nothing behind.

These tests restart the cluster that the others use, so they run apart, after everything else:
`pytest -m localcluster tests/cluster/test_localcluster.py`.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.localcluster import keys, oci, running
from tests.localcluster import processes as cluster_processes
from tests.localcluster.places import Places, places

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")


@dataclass(frozen=True, slots=True)
class Traces:
    """What a node could leave on the machine, read without the cluster's own code."""

    mounts: tuple[str, ...]
    interfaces: tuple[str, ...]
    routes: tuple[str, ...]
    nft: tuple[str, ...]
    control_groups: tuple[str, ...]
    folders: tuple[str, ...]
    kernel_settings: tuple[str, ...]
    programs: tuple[str, ...]


KERNEL_SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/ipv4/ip_forward",
    "net/netfilter/nf_conntrack_max",
)
FOLDERS = (
    "/run",
    "/run/netns",
    "/etc",
    "/opt",
    "/var/lib",
    "/var/lib/cni",
    "/var/log",
    "/usr/libexec",
)


def traces() -> Traces:
    return Traces(
        mounts=tuple(Path("/proc/self/mounts").read_text().splitlines()),
        interfaces=tuple(sorted(path.name for path in Path("/sys/class/net").iterdir())),
        routes=_lines("ip", "route", "show", "table", "all"),
        nft=_lines("nft", "list", "ruleset"),
        control_groups=tuple(
            str(path) for path in Path("/sys/fs/cgroup").rglob("*sluice-localcluster*")
        ),
        folders=tuple(f"{folder}/{name}" for folder in FOLDERS for name in _names(Path(folder))),
        kernel_settings=tuple(
            f"{name} {Path('/proc/sys', name).read_text().strip()}" for name in KERNEL_SETTINGS
        ),
        programs=tuple(_running_programs()),
    )


def _lines(*command: str) -> tuple[str, ...]:
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return tuple(done.stdout.splitlines())


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _running_programs() -> Iterator[str]:
    """Yield the programs that run from the cache, and those of the pods' own file systems."""
    own_namespace = Path("/proc/self/ns/pid").readlink()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program = (process / "exe").readlink()
            namespace = (process / "ns/pid").readlink()
        except OSError:
            continue  # a kernel thread, or a process that has just ended
        if program.is_relative_to(places().programs) or namespace != own_namespace:
            yield str(program)


def localcluster(*words: str) -> str:
    command = [sys.executable, "-m", "tests.localcluster", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def kill(name: str) -> None:
    found = {process.name: process for process in cluster_processes.recorded(places().processes)}
    os.kill(found[name].pid, signal.SIGKILL)


def delete_home() -> None:
    shutil.rmtree(places().home, ignore_errors=True)


@pytest.mark.localcluster
@needs_root
def test_up_does_nothing_in_under_five_seconds_when_all_is_up() -> None:
    localcluster("up")
    before = cluster_processes.recorded(places().processes)
    began = time.monotonic()

    localcluster("up")

    assert time.monotonic() - began < 5
    assert cluster_processes.recorded(places().processes) == before


@pytest.mark.localcluster
@needs_root
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda: None, id="it is healthy"),
        pytest.param(lambda: kill("namespaces"), id="the whole node was killed"),
        pytest.param(lambda: kill("kube-apiserver"), id="its API server was killed"),
        pytest.param(lambda: kill("containerd"), id="pods run without their containerd"),
        pytest.param(delete_home, id="its home was deleted under it"),
    ],
)
def test_up_mends_a_cluster_and_down_leaves_nothing_of_it_when(damage: Callable[[], None]) -> None:
    localcluster("down")
    before = traces()
    localcluster("up")
    assert traces() != before, "the traces must be able to show a running cluster"

    damage()
    localcluster("up")
    assert running() is not None

    damage()
    localcluster("down")
    assert traces() == before
    assert not places().home.exists()


@pytest.mark.localcluster
@needs_root
def test_the_cluster_is_left_running() -> None:
    localcluster("up")

    assert running() is not None


def test_a_process_that_took_over_an_id_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as somebody:
        itself = cluster_processes.record("sleep", somebody.pid, records=tmp_path)
        earlier = replace(itself, start_ticks=itself.start_ticks - 1)

        cluster_processes.kill(earlier)
        survived = somebody.poll() is None
        cluster_processes.kill(itself)

        assert survived
        assert somebody.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        pytest.param(None, False, id="none yet"),
        pytest.param("", False, id="a file without its text"),
        pytest.param("-----BEGIN CERTIFICATE-----\nMIID", False, id="half of it"),
        pytest.param("MIID\n-----END CERTIFICATE-----\n", True, id="all of it"),
    ],
)
def test_a_certificate_is_there_when_its_end_is(
    tmp_path: Path, text: str | None, *, whole: bool
) -> None:
    here = Places(tmp_path, tmp_path)
    keys.certificate(here).parent.mkdir(parents=True, exist_ok=True)
    if text is not None:
        keys.certificate(here).write_text(text)

    assert keys.has_certificate(here) is whole


def test_a_layer_of_the_same_files_has_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_text("#!/bin/sh")
    oci.write_layer(tmp_path / "first.tar", {"program": source})
    os.utime(source, (1, 1))

    oci.write_layer(tmp_path / "second.tar", {"program": source})

    assert (tmp_path / "first.tar").read_bytes() == (tmp_path / "second.tar").read_bytes()
