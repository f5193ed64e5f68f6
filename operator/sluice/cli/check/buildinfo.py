"""What Prometheus says that it is."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from sluice.adapters.connection import USER_AGENT
from sluice.adapters.prometheus import Credentials, PrometheusError
from sluice.model.json import Body, Json

_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """Asks the Prometheus at `url`."""

    url: str
    credentials: Credentials | None

    async def version(self) -> str:
        """Return its version, «unknown» if it does not tell; PrometheusError if it is away."""
        headers = {"User-Agent": USER_AGENT}
        if self.credentials is not None:
            headers |= self.credentials.authorization()
        address = self.url.rstrip("/") + "/api/v1/status/buildinfo"
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
                session.get(address, allow_redirects=False) as response,
            ):
                return _version(response.status, await response.read())
        except TimeoutError as error:
            raise PrometheusError(f"no answer within {_SECONDS:g}s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise PrometheusError(str(error) or type(error).__name__) from error


def _version(status: int, raw: bytes) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return "unknown"  # speaks the query API, but is no Prometheus
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise PrometheusError(f"it answers HTTP {status}")
    try:
        answer: Json = json.loads(raw)
    except ValueError as error:
        raise PrometheusError(f"it answers no JSON but {raw[:80]!r}") from error
    body = Body(answer) if isinstance(answer, dict) else Body({})
    return body.text("data", "version", default="") or "unknown"
