"""Take the cluster down and leave nothing behind."""

from collections.abc import Sequence

from tests.localcluster import processes
from tests.localcluster.leftovers import remove_leftovers
from tests.localcluster.places import Places
from tests.localcluster.steps import Step


def down_steps(places: Places) -> Sequence[Step]:
    """Return the steps; each does nothing where nothing is left."""
    return (
        Step("processes", lambda: end_processes(places)),
        Step("interface, control groups, files", lambda: remove_leftovers(places)),
    )


def end_processes(places: Places) -> None:
    """End every process of the cluster, and no other.

    The first process of the namespaces comes early, and all of the node ends with it. Nothing gets
    time to finish: the state is deleted anyway.
    """
    for process in processes.recorded(places.processes):
        processes.kill(process)
    for name, value in places.mark.items():
        for stray in processes.strays(f"{name}={value}"):
            processes.kill(stray)
