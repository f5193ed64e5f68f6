"""One server of each kind for all tests of this process; a new database for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.init.program import Program
from tests.init.site import Database, PostgresDatabase, Site, SqliteDatabase
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.rabbitmq import RabbitMq, running_rabbitmq
from tests.servers.redis import Redis, running_redis


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMq]:
    with running_rabbitmq() as broker:
        yield broker


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    with running_redis() as server:
        yield server


@pytest.fixture
def on_postgres(postgres: Postgres, tmp_path: Path) -> Site:
    return _site(PostgresDatabase(postgres.new_database()), tmp_path)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Site:
    return _site(SqliteDatabase(tmp_path / "app.db"), tmp_path)


@pytest.fixture(params=["on_postgres", "on_sqlite"])
def site(request: pytest.FixtureRequest) -> Site:
    """What holds for both databases is tested with both."""
    found: Site = request.getfixturevalue(request.param)
    return found


def _site(database: Database, folder: Path) -> Site:
    directory = folder / "migrations"
    directory.mkdir()
    words = folder / "words"
    words.mkdir()
    return Site(database, directory, Program(words, {"DATABASE_URL": database.url}))
