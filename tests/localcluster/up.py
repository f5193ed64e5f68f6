"""Bring the cluster up: the steps, in their order."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import click

from tests.localcluster.addons import apply_addons, wait_for_addons
from tests.localcluster.background import Background
from tests.localcluster.build import build, build_log, built_programs, fetch_sources, require_go
from tests.localcluster.control_groups import make_control_groups
from tests.localcluster.control_plane import (
    API_SERVER,
    CONTROLLER_MANAGER,
    ETCD,
    IN_NODE,
    ON_LOOPBACK,
    Endpoints,
    start_api_server,
    start_controller_manager,
    start_etcd,
    start_scheduler,
    wait_for_controllers,
)
from tests.localcluster.daemons import Daemons, log_of
from tests.localcluster.down import down_steps
from tests.localcluster.images import import_program_images, write_program_images
from tests.localcluster.kubectl import admin_kubectl
from tests.localcluster.leftovers import refuse_another_cluster
from tests.localcluster.node import HOLDER, start_node
from tests.localcluster.operator_base import base_log, make_base
from tests.localcluster.packages import apt_log, install_packages
from tests.localcluster.places import Places
from tests.localcluster.programs import CLUSTER, RUNC, TRAEFIK, GoModule
from tests.localcluster.pruning import prune_programs
from tests.localcluster.state import is_up, mark_finished
from tests.localcluster.steps import Step, run_steps
from tests.localcluster.worker import (
    CONTAINERD,
    KUBELET,
    start_containerd,
    start_kubelet,
    start_proxy,
    write_worker_config,
)

AFRESH: Final = "if the log does not tell, `down` and then `up` starts afresh"
ONLINE: Final = "the Go module proxy must be reachable (`go env GOPROXY`); `up` again goes on"
DEBIAN: Final = "a Debian mirror must be reachable: try `apt-get update`"


def up(places: Places, *, control_plane_only: bool) -> None:
    """Bring the cluster up, unless it is; raise StepFailedError when a step does not work.

    A half-dead cluster, or one of other programs or settings, is taken down first.
    """
    if is_up(places, control_plane_only=control_plane_only):
        click.echo("The cluster is up already.")
        return
    require_go()
    with ThreadPoolExecutor() as pool:
        background = Background(pool)
        steps = _loopback_steps(places) if control_plane_only else _node_steps(places, background)
        run_steps(steps)
    mark_finished(places, control_plane_only=control_plane_only)
    prune_programs(built_programs(places), places)


def _loopback_steps(places: Places) -> Sequence[Step]:
    daemons = Daemons(places, built_programs(places).cluster, in_node=False)
    return (
        _build_step(CLUSTER, "build Kubernetes and etcd", places),
        Step("clear what an earlier run left", partial(_clear, places)),
        *_control_plane_steps(daemons, ON_LOOPBACK),
        _controllers_step(daemons),
    )


def _node_steps(places: Places, background: Background) -> Sequence[Step]:
    programs = built_programs(places)
    daemons = Daemons(places, programs.cluster, in_node=True)
    kubectl = admin_kubectl(places)
    base = partial(make_base, places)
    images = partial(import_program_images, programs, daemons)

    def prepare() -> None:
        install_packages(apt_log(places))
        background.begin(_fetch_later_sources)
        background.begin(base)

    def finish_base() -> None:
        background.finish(base)

    def containerd() -> None:
        write_worker_config(programs, places)
        start_containerd(daemons)
        background.begin(images)

    def kubelet() -> None:
        background.finish(images)
        start_kubelet(daemons)

    kubelet_log, holder_log = log_of(KUBELET, places), log_of(HOLDER, places)
    return (
        Step("Debian packages", prepare, apt_log(places), DEBIAN),
        _build_step(CLUSTER, "build Kubernetes, etcd, containerd, Prometheus, ...", places),
        _build_step(TRAEFIK, "build Traefik", places),
        _build_step(RUNC, "build runc", places),
        Step("images of the addons", partial(write_program_images, programs, places)),
        Step("clear what an earlier run left", partial(_clear, places)),
        Step("namespaces and network", partial(_make_node, places), holder_log, AFRESH),
        Step("containerd", containerd, log_of(CONTAINERD, places), AFRESH),
        *_control_plane_steps(daemons, IN_NODE),
        Step("scheduler", partial(start_scheduler, daemons)),
        Step("images and kubelet", kubelet, kubelet_log, AFRESH),
        Step("kube-proxy", partial(start_proxy, daemons)),
        Step("Gateway API, CoreDNS, Traefik, Prometheus", partial(apply_addons, kubectl, programs)),
        _controllers_step(daemons),
        Step("the addons' pods", partial(wait_for_addons, kubectl), kubelet_log, AFRESH),
        Step("base of the operator's image", finish_base, base_log(places), DEBIAN),
    )


def _control_plane_steps(daemons: Daemons, endpoints: Endpoints) -> Sequence[Step]:
    def log(name: str) -> Path:
        return log_of(name, daemons.places)

    return (
        Step("etcd", partial(start_etcd, daemons, endpoints), log(ETCD), AFRESH),
        Step("API server", partial(start_api_server, daemons, endpoints), log(API_SERVER), AFRESH),
        Step("controller manager", partial(start_controller_manager, daemons)),
    )


def _controllers_step(daemons: Daemons) -> Step:
    log = log_of(CONTROLLER_MANAGER, daemons.places)
    return Step("controllers", partial(wait_for_controllers, daemons), log, AFRESH)


def _build_step(module: GoModule, title: str, places: Places) -> Step:
    return Step(title, partial(build, module, places), build_log(module, places), ONLINE)


def _fetch_later_sources() -> None:
    for module in (TRAEFIK, RUNC):
        fetch_sources(module)


def _clear(places: Places) -> None:
    for step in down_steps(places):
        step.run()
    places.home.mkdir(parents=True)


def _make_node(places: Places) -> None:
    refuse_another_cluster()
    make_control_groups()
    start_node(places)
