"""Reading the files of a directory, as a ConfigMap or an image brings them."""

from pathlib import Path

from sluice.init.exits import Exit, InitError
from sluice.init.migrate.files import Migration, migrations


def read_migrations(directory: Path) -> tuple[Migration, ...]:
    """Return the migrations of a directory.

    Raises InitError (USAGE) if there are none: a volume that is not mounted must not pass for
    «nothing to do».
    """
    try:
        texts = {
            path.name: path.read_text(encoding="utf-8")
            for path in directory.iterdir()
            if path.name.lower().endswith(".sql") and not path.name.startswith(".")
        }
    except (OSError, UnicodeDecodeError) as error:
        raise InitError(
            Exit.USAGE,
            f"{directory} cannot be read: {error}",
            "give --directory the directory with the SQL files, which are UTF-8",
        ) from error
    found = migrations(texts)
    if not found:
        raise InitError(
            Exit.USAGE,
            f"there is no migration in {directory}",
            "is the volume mounted there? files are named like 0001_create_users.up.sql",
        )
    return found
