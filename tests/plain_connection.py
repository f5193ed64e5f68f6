"""The way to an API server of the test's own process."""

from kubernetes.aio.client import Configuration

from sluice.adapters.connection import Connection


def plain_connection(server: str) -> Connection:
    """Return a connection without TLS and credentials."""
    configuration = Configuration()
    configuration.host = server
    return Connection(configuration, None)
