"""The operator as a process of the tests, so that it can be killed at any moment and come back.

In a pod the kubelet waits ever longer before it starts a container that was killed repeatedly.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import yaml

from tests.cluster.kubectl import Kubectl

LISTEN: Final = "127.0.0.1:18099"
METRICS: Final = f"http://{LISTEN}/metrics"
READY_SECONDS: Final = 30.0
DEPLOYMENT: Final = "deployment/sluice"
WHERE: Final = "--namespace=sluice-system"


@dataclass(slots=True)
class SluiceProcess:
    """One operator after the other, all with the same name in the Lease."""

    kubeconfig: Path
    prometheus_url: str
    log: Path
    _running: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start an operator; it is not ready yet."""
        command = [
            *(sys.executable, "-m", "sluice", "run"),
            f"--kubeconfig={self.kubeconfig}",
            f"--prometheus-url={self.prometheus_url}",
            *("--scrape-interval=1s", "--identity=tests", f"--listen={LISTEN}"),
        ]
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(command, stdout=output, stderr=output)

    async def ready(self) -> None:
        """Wait until it has read everything."""
        deadline = time.monotonic() + READY_SECONDS
        async with aiohttp.ClientSession() as session:
            while not await _is_ready(session):
                assert self._runs(), self.tail()
                assert time.monotonic() < deadline, self.tail()
                await asyncio.sleep(0.05)

    def kill(self) -> float:
        """End it at once, in the middle of whatever it does; return when."""
        at = time.time()
        self._end(signal.SIGKILL)
        return at

    def stop(self) -> float:
        """Ask it to end; return how many seconds it took."""
        began = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - began

    def kill_and_restart(self) -> float:
        """Kill it and start another; return when it was killed."""
        at = self.kill()
        self.start()
        return at

    def tail(self) -> str:
        """Return the end of what it said."""
        return self.log.read_text(errors="replace")[-3000:]

    def _runs(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def _end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(timeout=20)
            self._running = None


async def _is_ready(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get(f"http://{LISTEN}/readyz") as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


def write_kubeconfig(kubectl: Kubectl, path: Path) -> None:
    """Write a kubeconfig of the operator's own account, for an operator outside the cluster."""
    token = kubectl("create", "token", "sluice", WHERE, "--duration=24h").strip()
    content = yaml.safe_load(kubectl.kubeconfig.read_text())
    for user in content["users"]:
        user["user"] = {"token": token}
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content))


@contextmanager
def in_place_of_the_pod(
    kubectl: Kubectl, kubeconfig: Path, prometheus_url: str, log: Path
) -> Iterator[SluiceProcess]:
    """Take the operator's pod away while the block runs, and give a process in its place."""
    installed = kubectl.ask("get", DEPLOYMENT, WHERE).succeeded
    if installed:
        kubectl("scale", DEPLOYMENT, WHERE, "--replicas=0")
        kubectl("wait", "--for=delete", "pod", WHERE, "--all", "--timeout=60s")
    process = SluiceProcess(kubeconfig, prometheus_url, log)
    try:
        process.start()
        yield process
    finally:
        process.kill()
        if installed:
            kubectl("scale", DEPLOYMENT, WHERE, "--replicas=1")
            kubectl("rollout", "status", DEPLOYMENT, WHERE, "--timeout=120s")
