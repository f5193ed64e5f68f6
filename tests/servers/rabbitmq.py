"""RabbitMQ."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.servers.process import (
    LOOPBACK,
    PASSWORD,
    QUOTED_PASSWORD,
    Place,
    accepts,
    free_port,
    new_place,
    program,
)

_SERVER: Final = "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"
_EPMD: Final = "usr/bin/epmd"
USER: Final = "sluice"


@dataclass(frozen=True, slots=True)
class RabbitMq:
    """A broker with one virtual host, /, and a user who may do everything in it."""

    address: str
    port: int

    @property
    def url(self) -> str:
        """How it is reached."""
        return f"amqp://{USER}:{QUOTED_PASSWORD}@{self.address}:{self.port}/"


@contextmanager
def running_rabbitmq(address: str = LOOPBACK) -> Iterator[RabbitMq]:
    """Have a broker run on a free port of the address (7 s until it answers)."""
    with new_place() as place:
        names, between, port = (free_port(LOOPBACK), free_port(LOOPBACK), free_port(address))
        # Its own register of names, else it starts one that stays, for all of the machine.
        with place.running(program(_EPMD), "-address", LOOPBACK, "-port", str(names)) as register:
            place.wait(register, lambda: accepts(LOOPBACK, names))
            with place.running(
                program(_SERVER), environment=_environment(place, address, port, between, names)
            ) as broker:
                place.wait(broker, lambda: accepts(address, port))
                yield RabbitMq(address, port)


def _environment(place: Place, address: str, port: int, between: int, names: int) -> dict[str, str]:
    folder = place.folder
    settings = (
        f"listeners.tcp.1 = {address}:{port}",
        f"default_user = {USER}",
        f"default_pass = {PASSWORD}",
        "loopback_users = none",
        "log.console = true",
        "log.console.level = warning",
    )
    configuration = folder / "rabbitmq.conf"
    configuration.write_text("\n".join(settings) + "\n")
    nothing = folder / "nothing"
    nothing.write_text("")
    plugins = folder / "plugins"
    plugins.write_text("[].\n")
    return {
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(names),
        "RABBITMQ_CONFIG_FILE": str(configuration),
        "RABBITMQ_CONF_ENV_FILE": str(nothing),
        "RABBITMQ_DIST_PORT": str(between),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "ERL_CRASH_DUMP": str(folder / "crash"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_NODENAME": f"sluice{port}@localhost",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1",
        # Its start script becomes the broker, instead of staying beside it.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
