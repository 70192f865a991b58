"""Alembic migrations of the directory, shipped with the package. Imported only when a stored revision is not the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from ..values import DirectoryUnreadable


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for these scripts, on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, path: str) -> None:
    """Runs every newer migration in the connection's transaction. DirectoryUnreadable for a revision that is not known here."""
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as error:
        raise DirectoryUnreadable(f"{path} was written by a newer program, or is no directory: {error}") from error
