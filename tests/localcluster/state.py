"""Whether the cluster runs, and whether it is the one that the repository describes now."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.localcluster import processes
from tests.localcluster.build import built_programs
from tests.localcluster.kubectl import admin_kubectl
from tests.localcluster.places import Places

SETTINGS: Final = tuple(Path(__file__).parent / name for name in ("addons", "config"))


@dataclass(frozen=True, slots=True)
class State:
    """What `status` shows: `ended` names processes that were started and do not run any more."""

    running: tuple[str, ...]
    ended: tuple[str, ...]
    api_answers: bool
    has_node: bool
    is_finished: bool

    @property
    def is_healthy(self) -> bool:
        return self.is_finished and self.api_answers and not self.ended


def read_state(places: Places) -> State:
    """Look at the recorded processes and ask the API server."""
    found = processes.recorded(places.processes)
    alive = {process.name: processes.is_alive(process) for process in found}
    return State(
        running=tuple(name for name, lives in alive.items() if lives),
        ended=tuple(name for name, lives in alive.items() if not lives),
        api_answers=_api_answers(places),
        has_node="kubelet" in alive,
        is_finished=places.finished.exists(),
    )


def is_up(places: Places, *, control_plane_only: bool) -> bool:
    """Tell whether `up` has nothing to do; a cluster with a node serves who wants none as well."""
    if not read_state(places).is_healthy:
        return False
    kinds = (False, True) if control_plane_only else (False,)
    wanted = [fingerprint(places, control_plane_only=kind) for kind in kinds]
    return places.finished.read_text() in wanted


def mark_finished(places: Places, *, control_plane_only: bool) -> None:
    """Write down, as the very last step, what is running."""
    places.finished.write_text(fingerprint(places, control_plane_only=control_plane_only))


def fingerprint(places: Places, *, control_plane_only: bool) -> str:
    """Return a hash of the programs and settings that `up` would use now."""
    programs = built_programs(places)
    # Their names tell what they were built from; where the cache is does not matter.
    names = (programs.cluster.name, programs.traefik.name, programs.runc.name)
    digest = hashlib.sha256(repr((names, control_plane_only)).encode())
    for folder in SETTINGS:
        for path in sorted(folder.iterdir()):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _api_answers(places: Places) -> bool:
    return places.admin_kubeconfig.exists() and admin_kubectl(places).succeeds(
        "get", "--raw=/readyz", "--request-timeout=2s"
    )
