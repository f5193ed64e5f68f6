"""Where the API server is and who we are to it: a kubeconfig, or the pod's service account."""

import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

USER_AGENT = f"sluice/{version('sluice')}"

_Configure = Callable[[], Coroutine[None, None, Configuration]]


class ConnectionSettingsError(Exception):
    """There is no usable kubeconfig and no service account."""


@dataclass(slots=True)
class Connection:
    """The API server's address, its TLS context and fresh credentials for each request."""

    configuration: Configuration
    tls: ssl.SSLContext | None
    configure: _Configure | None = field(default=None, repr=False)

    @property
    def server(self) -> str:
        """The API server's base URL, without a slash at the end."""
        return str(self.configuration.host).rstrip("/")

    async def authorization(self) -> dict[str, str]:
        """Return the Authorization header (none with client certificates).

        A service account's token is read again every minute: kubelet rotates it.
        """
        token = await self.configuration.get_api_key_with_prefix("BearerToken")
        return {"Authorization": token} if token else {}

    async def renew(self) -> None:
        """Load the credentials again: the server said 401 (an exec plugin's token has expired).

        A kubeconfig that cannot be read at this moment leaves the old credentials in place.
        """
        if self.configure is not None:
            with suppress(ConfigException):
                self.configuration = await self.configure()


async def connect(kubeconfig: Path | None, context: str | None) -> Connection:
    """Return the connection that the settings name; without any, the pod's service account.

    Raises ConnectionSettingsError when neither leads to an API server.
    """

    async def configure() -> Configuration:
        configuration = Configuration()
        if kubeconfig is None and context is None:
            try:
                load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # no types there
            except ConfigException:
                await load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # no types there
        else:
            await load_kube_config(  # type: ignore[no-untyped-call]  # no types there
                config_file=str(kubeconfig) if kubeconfig else None,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
        return configuration

    try:
        configuration = await configure()
    except ConfigException as error:
        raise ConnectionSettingsError(
            f"no API server: {error}; give --kubeconfig, or run in a pod with a service account"
        ) from error
    return Connection(configuration, RESTClientObject(configuration).ssl_context, configure)
