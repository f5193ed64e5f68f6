"""Start the cluster's programs, on the host or in the node, and wait until each is ready."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.localcluster import processes
from tests.localcluster.node import find_node
from tests.localcluster.packages import system_environment
from tests.localcluster.places import Places
from tests.localcluster.steps import SetupError
from tests.localcluster.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Daemons:
    """Starts daemons; `in_node` says where, `programs` is put in front of their PATH."""

    places: Places
    programs: Path
    in_node: bool

    def start(self, name: str, command: list[str]) -> None:
        """Start a daemon; it may take a while to be ready."""
        processes.start(
            name,
            self._placed(command),
            log=log_of(name, self.places),
            records=self.places.processes,
            environment=self._environment(),
        )

    def wait_for(self, name: str, *, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait until a started daemon is ready; raise at once when it has ended instead."""
        found = {process.name: process for process in processes.recorded(self.places.processes)}
        process = found[name]

        def is_ready() -> bool:
            if not processes.is_alive(process):
                raise SetupError(f"{name} (process {process.pid}) has ended")
            return ready()

        wait_until(is_ready, timeout_seconds=timeout_seconds, waiting_for=f"{name} to be ready")

    def _placed(self, command: list[str]) -> tuple[str, ...]:
        if not self.in_node:
            return tuple(command)
        node = find_node(self.places)
        if node is None:
            raise SetupError("the node's namespaces have ended: run `down`, then `up`")
        return node.command(*command)

    def _environment(self) -> dict[str, str]:
        environment = system_environment()
        # containerd looks for its shim here.
        path = f"{self.programs}:{environment['PATH']}"
        return environment | self.places.mark | {"PATH": path}


def log_of(name: str, places: Places) -> Path:
    return places.logs / f"{name}.log"
