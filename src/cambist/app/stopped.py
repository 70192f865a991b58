"""A stopped venue, opened without a server for what the command line wants of it."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from cambist.app import logs
from cambist.app.admin import result_of, user_text
from cambist.app.admin_client import Ask
from cambist.app.control import Control
from cambist.app.data_directory import DataDirectory
from cambist.app.serving import closing_on_trouble, environment
from cambist.app.wiring import open_venue


@contextmanager
def stopped_venue(data: Path) -> Iterator[Ask]:
    """Opens the venue, does what it is asked, and closes it in order. OperatorError when it cannot be opened, or refuses."""
    files = DataDirectory.open(data)
    config = closing_on_trouble(files, files.settings)
    logs.configure("warning", "text")
    asker = user_text(os.getuid())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        venue = runner.run(open_venue(files, config, environment(files, config)))
        try:
            control = Control(venue)
            yield lambda action, arguments: result_of(runner.run(control.answer(asker, action, arguments)))
        finally:
            runner.run(venue.close())
