"""Alembic migrations of history, shipped with the package. Imported only when a stored revision is not the newest.

A change that only new rows show may as well leave the old file behind: history is folded again by `cambist rebuild`. So is a newer
file by an older program, which is why no revision has a way down.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from cambist.history.port import HistoryError


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for these scripts, on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, path: str) -> None:
    """Runs every newer migration. HistoryError for a revision that is not known here."""
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as error:
        raise HistoryError(f"{path} was written by a newer program, or is no history ({error}). Make it again: cambist rebuild") from error
