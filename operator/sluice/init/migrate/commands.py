"""`sluice-init migrate up, down, status, resolve`."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TypeVar

import click

from sluice.init.durations import DURATION
from sluice.init.facts import Facts
from sluice.init.migrate import plan
from sluice.init.migrate.directory import read_migrations
from sluice.init.migrate.files import Migration
from sluice.init.migrate.history import Row, Status
from sluice.init.migrate.history_table import DEFAULT_NAME
from sluice.init.migrate.opening import Wanted, opened
from sluice.init.migrate.running import Runner
from sluice.init.migrate.standing import standing, to_json
from sluice.init.options import termination_log_option

Result = TypeVar("Result")


@click.group()
def migrate() -> None:
    """SQL files up and down: each once, with a history that is kept."""


def _database_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """Add what every command asks; the command takes it as `wanted` and `migrations`."""

    @wraps(command)
    def with_database(
        *args: object, database: str, directory: Path, table: str, **options: object
    ) -> Result:
        wanted = Wanted(database, table, socket.gethostname(), create=True)
        return command(*args, wanted=wanted, migrations=read_migrations(directory), **options)

    for option in (
        click.option(
            "--table",
            metavar="NAME",
            default=DEFAULT_NAME,
            help=f"Table of the history, also SCHEMA.NAME. Default: {DEFAULT_NAME}.",
        ),
        click.option(
            "--directory",
            metavar="DIR",
            required=True,
            type=click.Path(path_type=Path, file_okay=False),
            help="Where the files are: 0001_name.up.sql, 0001_name.down.sql.",
        ),
        click.option(
            "--database",
            metavar="URL",
            envvar="DATABASE_URL",
            required=True,
            help="postgres://USER:PASSWORD@HOST/NAME or sqlite:/PATH. Default: $DATABASE_URL.",
        ),
    ):
        with_database = option(with_database)
    return with_database


_lock_timeout_option = click.option(
    "--lock-timeout",
    type=DURATION,
    default="60s",
    help="How long to wait while another session migrates. Default: 60s.",
)


@migrate.command()
@_database_options
@_lock_timeout_option
@termination_log_option
@click.option("--to", metavar="VERSION", help="The last version to apply. Default: all.")
def up(
    wanted: Wanted, migrations: tuple[Migration, ...], lock_timeout: float, to: str | None
) -> Facts:
    """Apply what is not applied yet, in order."""
    with _running(wanted, lock_timeout) as (runner, rows):
        steps = plan.to_apply(migrations, rows, to)
        for version in plan.ahead(migrations, rows):
            runner.say(f"version {version} is applied, and later than all files: left as it is")
        runner.run(steps)
    if not steps:
        return {"applied": 0}
    return {"applied": len(steps), "version": steps[-1].migration.version}


@migrate.command()
@_database_options
@_lock_timeout_option
@termination_log_option
@click.option(
    "--to",
    metavar="VERSION",
    required=True,
    help="The version that stays: all later ones are undone, the last first. 0: undo all.",
)
def down(wanted: Wanted, migrations: tuple[Migration, ...], lock_timeout: float, to: str) -> Facts:
    """Undo what is applied and later than a version."""
    with _running(wanted, lock_timeout) as (runner, rows):
        steps = plan.to_undo(migrations, rows, to)
        runner.run(steps)
        left = plan.current(runner.database.history.rows())
    return {"undone": len(steps), "version": left} if steps else {"undone": 0}


@migrate.command()
@_database_options
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    help="How to write the answer. Default: table.",
)
def status(wanted: Wanted, migrations: tuple[Migration, ...], output: str) -> None:
    """Show each version: whether it is applied, when, by whom. Nothing is written."""
    looking = Wanted(wanted.url, wanted.table, wanted.host, create=False)
    with opened(looking, _say) as (database, _):
        locked = database.is_locked()
        found = standing(migrations, database.history.rows(), locked=locked)
    if output == "json":
        click.echo(to_json(found))
        return
    from sluice.init.migrate.picture import draw  # noqa: PLC0415 (rich, only for a table)

    draw(found)


@migrate.command()
@_database_options
@_lock_timeout_option
@termination_log_option
@click.option("--version", metavar="V", required=True, help="The version that is spoken of.")
@click.option(
    "--as",
    "said",
    type=click.Choice(["applied", "undone"]),
    required=True,
    help="How it is, as you made sure.",
)
def resolve(
    wanted: Wanted,
    migrations: tuple[Migration, ...],
    lock_timeout: float,
    version: str,
    said: str,
) -> Facts:
    """Record that a version is applied or undone, as you say; nothing is run.

    The way out when a migration ended in the middle; also to accept a changed file, and to take
    over a database that another tool migrated.
    """
    with _running(wanted, lock_timeout) as (runner, rows):
        row = plan.to_resolve(migrations, rows, version, Status(said))
        if row:
            runner.record(row)
    return {"resolved": int(row is not None), "version": row.version if row else version}


@contextmanager
def _running(wanted: Wanted, lock_timeout: float) -> Iterator[tuple[Runner, tuple[Row, ...]]]:
    with opened(wanted, _say) as (database, address):
        runner = Runner(database, address, wanted.host, _say)
        yield runner, runner.begin(lock_timeout)


def _say(text: str) -> None:
    click.echo(text, err=True)
