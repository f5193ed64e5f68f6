"""Tasks that should run as long as the process: the end of any is the end of all."""

import asyncio
from collections.abc import Coroutine


class BrokenError(Exception):
    """The process cannot go on; it ends, non-zero, and is started anew."""


class PerpetualTasks:
    """Tasks by name, and the first of them that has ended."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._ended: asyncio.Future[asyncio.Task[None]] = asyncio.Future()

    def begin(self, coroutine: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Begin a task."""
        task = asyncio.create_task(coroutine, name=name)
        task.add_done_callback(self._note_end)
        self._tasks.append(task)
        return task

    async def broken(self) -> None:
        """Wait until one of them has ended; raise BrokenError with its cause."""
        task = await self._ended
        cause = None if task.cancelled() else task.exception()
        raise BrokenError(f"the task «{task.get_name()}» has ended: {cause!r}") from cause

    async def cancel(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not self._ended.done():
            self._ended.set_result(task)
