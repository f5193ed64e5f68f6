"""Kubernetes Events: one for each note, posted after the status write that it belongs to."""

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.adapters.clock import Clock
from sluice.adapters.failures import AlreadyExistsError, KubeError, TransientError
from sluice.engine.metrics import Metrics
from sluice.engine.writer import GateClosedError, Writer
from sluice.model.json import JsonObject
from sluice.model.plan import Note, Subject
from sluice.model.reasons import MEANINGS
from sluice.model.references import Resource

log = logging.getLogger(__name__)

EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
_CONTROLLER = "sluice.dev/operator"
_NOTE_LIMIT, _NAME_LIMIT, _INSTANCE_LIMIT = 1024, 200, 128
_RETRY_SECONDS = (0.5, 2.0, 8.0)


@dataclass(frozen=True, slots=True)
class _Announcement:
    namespace: str
    event: JsonObject


class Announcer:
    """Posts events one after another in a task of its own: a pass never waits for them."""

    def __init__(self, writer: Writer, clock: Clock, metrics: Metrics, instance: str) -> None:
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._instance = instance[:_INSTANCE_LIMIT]
        self._waiting: asyncio.Queue[_Announcement] = asyncio.Queue()

    def announce(self, subject: Subject, notes: tuple[Note, ...]) -> None:
        """Have an event posted for each note.

        subject: what the notes are about that name nothing else.
        """
        for index, note in enumerate(notes):
            about = note.about or subject
            log.info("%s: %s: %s", about.ref, note.reason, note.message)
            self._metrics.events.labels(str(note.reason)).inc()
            event = self._event(about, note, index)
            self._waiting.put_nowait(_Announcement(about.ref.namespace, event))

    async def run(self) -> None:
        """Post what is announced, for ever."""
        while True:
            announcement = await self._waiting.get()
            try:
                await self._post(announcement)
            finally:
                self._waiting.task_done()

    async def drain(self) -> None:
        """Wait until everything that has been announced is posted."""
        await self._waiting.join()

    async def _post(self, announcement: _Announcement) -> None:
        for delay in (*_RETRY_SECONDS, None):
            try:
                await self._writer.create(EVENTS, announcement.namespace, announcement.event)
            except AlreadyExistsError:
                return  # posted already: the answer to the first attempt was lost
            except TransientError as error:
                if delay is None:
                    log.warning("an event is lost: %s", error)
                    return
                await asyncio.sleep(delay)
            except (KubeError, GateClosedError) as error:
                log.warning("an event is lost: %s", error)
                return
            else:
                return

    def _event(self, about: Subject, note: Note, index: int) -> JsonObject:
        """Return the event; its name follows from the object's state, so a repeat is a repeat."""
        identity = f"{about.uid}/{about.resource_version}/{index}"
        suffix = hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()
        at = datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="microseconds")
        ref = about.ref
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {
                "name": f"{ref.name[:_NAME_LIMIT]}.{suffix}",
                "namespace": ref.namespace,
            },
            "eventTime": at.replace("+00:00", "Z"),
            "reportingController": _CONTROLLER,
            "reportingInstance": self._instance,
            "action": str(note.reason),
            "reason": str(note.reason),
            "regarding": {
                "apiVersion": ref.resource.api_version,
                "kind": ref.resource.kind,
                "namespace": ref.namespace,
                "name": ref.name,
                "uid": about.uid,
                "resourceVersion": about.resource_version,
            },
            "note": note.message[:_NOTE_LIMIT],
            "type": str(MEANINGS[note.reason].severity),
        }
