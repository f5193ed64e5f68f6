"""Users of the application: so many requests a second through the gateway, each one recorded."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp

PATIENCE_SECONDS: Final = 5.0
# More requests than this are never on their way at once: users of a dead service go away.
LIMIT: Final = 600


@dataclass(frozen=True, slots=True)
class Answer:
    """One request. at: when it was sent, since the epoch; status: 0 when no answer came."""

    at: float
    seconds: float
    status: int
    version: str

    @property
    def failed(self) -> bool:
        """Whether the user saw a fault of the server."""
        return self.status == 0 or self.status >= 500


@dataclass(slots=True)
class Load:
    """A stream of requests that goes on whatever becomes of the earlier ones."""

    session: aiohttp.ClientSession
    url: str
    rate: float
    answers: list[Answer] = field(default_factory=list)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def since(self, instant: float) -> list[Answer]:
        """Return the requests that were sent after the instant."""
        return [answer for answer in self.answers if answer.at >= instant]

    def failures(self, since: float = 0.0) -> list[Answer]:
        """Return the requests that failed."""
        return [answer for answer in self.since(since) if answer.failed]

    def versions(self, since: float = 0.0) -> Counter[str]:
        """Return how many requests each version has answered."""
        return Counter(answer.version for answer in self.since(since) if answer.version)

    async def run(self) -> None:
        """Send requests at the rate until cancelled; lost time is not made up for by a burst."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if len(self._under_way) < LIMIT:
                task = asyncio.create_task(self._ask())
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            due = max(due + 1 / self.rate, loop.time() - 1 / self.rate)
            await asyncio.sleep(due - loop.time())

    async def finish(self) -> None:
        """Wait for the requests that are under way."""
        await asyncio.gather(*self._under_way)

    async def _ask(self) -> None:
        at, began = time.time(), time.monotonic()
        status, version = 0, ""
        try:
            async with self.session.get(self.url) as response:
                status, text = response.status, await response.read()
                version = _version(text)
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.answers.append(Answer(at, time.monotonic() - began, status, version))


def _version(text: bytes) -> str:
    try:
        return str(json.loads(text)["version"])
    except (ValueError, KeyError, TypeError):
        return ""  # the gateway's own answer


@asynccontextmanager
async def load(url: str, host: str, rate: float) -> AsyncIterator[Load]:
    """Send requests to a host of the gateway while the block runs."""
    async with aiohttp.ClientSession(
        headers={"Host": host},
        timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
        connector=aiohttp.TCPConnector(limit=0),
    ) as session:
        stream = Load(session, url, rate)
        running = asyncio.create_task(stream.run(), name=f"load on {host}")
        try:
            yield stream
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await stream.finish()
