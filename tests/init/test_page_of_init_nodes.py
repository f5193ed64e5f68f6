"""What the page about init nodes has people copy, on a real PostgreSQL and a real RabbitMQ."""

import asyncio
from pathlib import Path

import aio_pika
import pytest

from sluice.init.exits import Exit
from sluice.model.json import Body
from sluice.model.references import STARTUPGRAPHS
from tests.init.program import Program, Said
from tests.init.site import Site
from tests.pages import blocks, manifests, section
from tests.servers.rabbitmq import RabbitMq

PAGE = "init-nodes.md"


def only(kind: str, heading: str) -> Body:
    (block,) = blocks(section(PAGE, heading), "yaml")
    (found,) = (body for body in manifests(block) if body.text("kind") == kind)
    return found


def mounted(heading: str, folder: Path) -> Path:
    """Write the files of an example's ConfigMap."""
    for name, text in only("ConfigMap", heading).labels("data").items():
        (folder / name).write_text(text)
    return folder


def run(program: Program, heading: str, step: str, folder: Path) -> Said:
    """Run the command of an example's node, its volume being a folder."""
    nodes = only(STARTUPGRAPHS.kind, heading).bodies("spec", "nodes")
    (init,) = (node.body("init") for node in nodes if node.has("init"))
    (volume,) = init.bodies(step, "volumes")
    _, *words = init.texts(step, "command")
    mount = volume.text("mountPath")
    return program(*(word.replace(mount, str(folder), 1) for word in words))


def test_its_sql_files_go_up_and_down(on_postgres: Site) -> None:
    heading = "SQL files and PostgreSQL"
    folder = mounted(heading, on_postgres.directory)

    told = run(on_postgres.program, heading, "job", folder)

    assert (told.code, told.facts) == (Exit.DONE, {"applied": 2, "version": "0002"})
    assert told.words.strip() in section(PAGE, heading)
    assert run(on_postgres.program, heading, "job", folder).facts == {"applied": 0}
    undone = run(on_postgres.program, heading, "down", folder)
    assert undone.facts == {"undone": 1, "version": "0001"}


@pytest.fixture
def empty_rabbitmq(rabbitmq: RabbitMq) -> RabbitMq:
    async def delete() -> None:
        connection = await aio_pika.connect(rabbitmq.url)
        async with connection, connection.channel() as channel:
            await channel.queue_delete("orders")
            await channel.exchange_delete("events")

    asyncio.run(delete())
    return rabbitmq


def test_its_queues_are_made_once(empty_rabbitmq: RabbitMq, tmp_path: Path) -> None:
    heading = "Queues in RabbitMQ"
    program = Program(tmp_path, {"RABBITMQ_URL": empty_rabbitmq.url})
    folder = mounted(heading, tmp_path)

    told = run(program, heading, "job", folder)

    assert (told.code, told.facts) == (Exit.DONE, {"applied": 2, "present": 0})
    assert told.words.strip() in section(PAGE, heading)
    assert run(program, heading, "job", folder).facts == {"applied": 0, "present": 2}
