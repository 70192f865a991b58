"""One action on a venue, for the command line: whoever runs it does it, and a stopped one is opened for it."""

from pathlib import Path
from typing import Any

from cambist.app.admin import NotRunning, ask_running


def ask(data: Path, action: str, arguments: dict[str, Any]) -> Any:
    """The result of an action on the venue in `data`, running or not. OperatorError when it is refused."""
    try:
        return ask_running(data, action, arguments)
    except NotRunning:
        pass
    # Only here: a venue takes longer to import than a running one to answer.
    from cambist.app import serving

    return serving.on_stopped_venue(data, action, arguments)
