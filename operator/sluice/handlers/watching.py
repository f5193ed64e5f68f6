"""Kopf, with everything switched off that writes or remembers: it watches our own kinds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import kopf

from sluice.adapters.connection import Connection
from sluice.model.json import Json, JsonObject
from sluice.model.references import Resource

# Told of each event: the kind, ADDED, MODIFIED, DELETED or None (listed), and the object.
Feed: TypeAlias = Callable[[Resource, str | None, JsonObject], None]

_SERVER_TIMEOUT_SECONDS = 300
_PAGE_SIZE = 200
_REQUEST_TIMEOUT_SECONDS = 30
# Kopf's own go up to 21 s: that long would a user's abort wait after the API server has come back.
_ERROR_BACKOFFS_SECONDS = (0.1, 0.2, 0.5, 1, 1, 1, 2, 2, 2)


class _NoDiffBase(kopf.DiffBaseStorage):
    """Remembers no last-handled configuration; building it costs 40% of Kopf's time per event."""

    def build(self, **_: object) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: object) -> None:
        return None

    def store(self, **_: object) -> None:
        return None


class _NoProgress(kopf.ProgressStorage):
    """Remembers no progress: there are no handlers that have any."""

    def fetch(self, **_: object) -> None:
        return None

    def store(self, **_: object) -> None:
        return None

    def purge(self, **_: object) -> None:
        return None

    def touch(self, **_: object) -> None:
        return None

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


def settings() -> kopf.OperatorSettings:
    """Return settings under which Kopf reads and never writes."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.posting.loggers = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = True
    chosen.watching.chunk_size = _PAGE_SIZE
    chosen.watching.server_timeout = _SERVER_TIMEOUT_SECONDS
    chosen.networking.request_timeout = _REQUEST_TIMEOUT_SECONDS
    chosen.networking.error_backoffs = _ERROR_BACKOFFS_SECONDS
    chosen.networking.trust_env = True
    chosen.persistence.diffbase_storage = _NoDiffBase()
    chosen.persistence.progress_storage = _NoProgress()
    return chosen


def _passing_on(resource: Resource, feed: Feed) -> Callable[..., Awaitable[None]]:
    async def pass_on(event: Mapping[str, Json], **_: object) -> None:
        kind, body = event["type"], event["object"]
        if isinstance(body, Mapping):
            feed(resource, kind if isinstance(kind, str) else None, body)

    return pass_on


async def connection_info(connection: Connection) -> kopf.ConnectionInfo:
    """Return our connection in Kopf's terms; asked again whenever the API server says 401."""
    await connection.renew()
    configuration = connection.configuration
    header = (await connection.authorization()).get("Authorization", "")
    scheme, _, token = header.partition(" ")
    return kopf.ConnectionInfo(
        server=connection.server,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        proxy_url=configuration.proxy,
        trust_env=True,
    )


@dataclass(frozen=True, slots=True)
class Watch:
    """Kopf's run. It ends every task that was begun in this loop after its own start.

    stop: set it to end the run. ready: set when Kopf has installed its signal handlers.
    ending: set when the run ends, whatever the cause, while other tasks may still finish.
    """

    resources: tuple[Resource, ...]
    connection: Connection
    feed: Feed
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Watch our kinds until `stop` is set."""
        await kopf.operator(
            registry=self.handlers(),
            settings=settings(),
            clusterwide=True,
            standalone=True,
            stop_flag=self.stop,
            ready_flag=self.ready,
        )

    def handlers(self) -> kopf.OperatorRegistry:
        """Return the handlers: how to log in, one per kind that passes events on, and the end."""
        handlers = kopf.OperatorRegistry()
        kopf.on.login(id="login", registry=handlers)(self._login)
        kopf.on.cleanup(id="ending", registry=handlers)(self._end)
        for resource in self.resources:
            kopf.on.event(
                resource.group,
                resource.version,
                resource.plural,
                id=f"watch-{resource.plural}",
                registry=handlers,
            )(_passing_on(resource, self.feed))
        return handlers

    async def _login(self, **_: object) -> kopf.ConnectionInfo:
        return await connection_info(self.connection)

    async def _end(self, **_: object) -> None:
        self.ending.set()
