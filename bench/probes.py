"""What probes cost: processor share and lateness of the prober, against a server on loopback.

    python -m bench.probes [--count 1000] [--interval 5] [--seconds 30] [--out bench/results]

Every want has an address of its own (127.0.0.0/8), as pods have. The server runs in another
process; what is measured is this one, which does nothing but probe, from the second round on.
lateness: how much later than its rhythm a probe begins, seen against its most punctual one.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web
from rich.console import Console
from rich.table import Table

from sluice.adapters.clock import SystemClock
from sluice.adapters.probes import NetworkProbes
from sluice.engine.metrics import Metrics
from sluice.engine.prober import DRIFT, Prober, first_delay, phase
from sluice.model.probes import Answer, HttpProbe, Outcome, Probe, ProbeWant
from sluice.model.references import DEPLOYMENTS, ObjectRef

KEY: Final = ObjectRef(DEPLOYMENTS, "bench", "bench")
TIMEOUT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, and percent of one core."""

    wants: int
    interval_seconds: float
    seconds: float
    probes: int
    failed: int
    processor_percent: float
    processor_ms_per_probe: float
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float


@dataclass
class Recorder:
    """The real probes, with the instants at which they begin."""

    source: NetworkProbes
    begun: dict[Probe, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: int = 0

    async def answer(self, probe: Probe) -> Answer:
        """Ask, and remember when."""
        self.begun[probe].append(time.monotonic())
        answer = await self.source.answer(probe)
        self.failed += answer.outcome is not Outcome.PASSED
        return answer

    def lateness(self, wants: Iterable[ProbeWant]) -> list[float]:
        """Return by how many seconds each probe began too late, ascending."""
        late: list[float] = []
        for want in wants:
            interval = want.interval_seconds
            apart = phase(want) * interval - first_delay(want)
            phases = [
                at - number * interval - min(number * DRIFT * interval, apart)
                for number, at in enumerate(self.begun[want.probe])
            ]
            late += [at - min(phases) for at in phases]
        return sorted(late)

    @property
    def count(self) -> int:
        """How many probes have begun."""
        return sum(map(len, self.begun.values()))


async def serve() -> None:
    """Be the server: print the port, answer 200 to everything, until the input ends."""

    async def healthy(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/{path:.*}", healthy)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0, backlog=4096).start()  # noqa: S104 - 127.0.0.0/8
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@asynccontextmanager
async def server() -> AsyncIterator[int]:
    """Run the server in a process of its own; give its port."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "bench.probes", "--serve")
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def wants_of(count: int, interval: float, port: int) -> tuple[ProbeWant, ...]:
    """Return wants of different targets, ten to a namespace."""
    hosts = [f"127.1.{number >> 8}.{number & 255}:{port}" for number in range(count)]
    probes = [HttpProbe(f"http://{host}/", 200, 399, TIMEOUT_SECONDS) for host in hosts]
    return tuple(
        ProbeWant(probe, f"ns-{number // 10}", "bench", interval, passes=3, failures=3)
        for number, probe in enumerate(probes)
    )


async def measure(count: int, interval: float, seconds: float) -> Figures:
    """Let the probes run for one round, then measure."""
    async with server() as port:
        source = NetworkProbes()
        recorder = Recorder(source)
        prober = Prober(recorder, SystemClock(), Metrics(), lambda _: None)
        wants = wants_of(count, interval, port)
        prober.want(KEY, wants)
        await asyncio.sleep(interval)
        used, before, failed = time.process_time(), recorder.count, recorder.failed
        await asyncio.sleep(seconds)
        used, probes = time.process_time() - used, recorder.count - before
        prober.stop()
        await source.close()
    late = [1000 * value for value in recorder.lateness(wants)]
    return Figures(
        wants=count,
        interval_seconds=interval,
        seconds=seconds,
        probes=probes,
        failed=recorder.failed - failed,
        processor_percent=round(100 * used / seconds, 1),
        processor_ms_per_probe=round(1000 * used / max(probes, 1), 3),
        late_p50_ms=round(late[len(late) // 2], 1),
        late_p99_ms=round(late[len(late) * 99 // 100], 1),
        late_max_ms=round(late[-1], 1),
    )


def show(figures: Figures, console: Console) -> None:
    """Print the table."""
    table = Table("wants", "probes", "failed", "processor", "ms each", "late p50", "p99", "max ms")
    spent = (f"{figures.processor_percent}%", f"{figures.processor_ms_per_probe}")
    late = (figures.late_p50_ms, figures.late_p99_ms, figures.late_max_ms)
    counts = (figures.wants, figures.probes, figures.failed)
    table.add_row(*map(str, counts), *spent, *map(str, late))
    console.print(table)


def main() -> None:
    """Run the benchmark, print the table, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=1000, help="wants (default 1000)")
    parser.add_argument("--interval", type=float, default=5, help="seconds between probes")
    parser.add_argument("--seconds", type=float, default=30, help="how long it is measured")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    figures = asyncio.run(measure(options.count, options.interval, options.seconds))
    show(figures, Console())
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "probes.json").write_text(json.dumps(asdict(figures), indent=1) + "\n")


if __name__ == "__main__":
    main()
