"""Registers are pruned: what remembers objects must not grow for ever with those that come and go.

A ConfigMap takes 1 MiB. Without pruning, the one that is too full some day would keep everything
from starting.
"""

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import Final

from sluice.adapters.failures import KubeError
from sluice.adapters.kube import KubeClient
from sluice.engine.writer import GateClosedError, Writer
from sluice.model.json import Body
from sluice.model.registers import Register

log = logging.getLogger(__name__)

PRUNE_SECONDS: Final = 3600.0
_UID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Pruning:
    """Takes out of a register what is gone. What fails is tried again the next time."""

    client: KubeClient
    writer: Writer
    register: Register

    async def run(self) -> None:
        """Prune every hour, for ever."""
        while True:
            await asyncio.sleep(PRUNE_SECONDS)
            try:
                await self.prune()
            except (KubeError, GateClosedError) as error:
                log.warning("%s cannot be pruned: %s", self.register.ref, error)

    async def prune(self) -> None:
        """Take out the UIDs that no object has. Raises KubeError, GateClosedError.

        The register is read first: an object that is on it, and not in a list that is read
        afterwards, is gone.
        """
        register = Body(await self.client.get(self.register.ref))
        listed = {key for key in register.labels("data") if _UID.fullmatch(key)}
        gone = sorted(listed - await self._uids()) if listed else []
        if gone:
            # On whatever version there is by now: a UID that is gone never comes back.
            await self.writer.merge(self.register.ref, {"data": dict.fromkeys(gone)})
            log.info("%s: %s of %s entries taken out", self.register.ref, len(gone), len(listed))

    async def _uids(self) -> set[str]:
        return {
            Body(item).text("metadata", "uid")
            for resource in self.register.resources
            async for page in self.client.pages(resource, metadata_only=True)
            for item in page.items
        }
