"""Actions on a venue, for the command line: whoever runs it does them, and a stopped one is opened for them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cambist.app.admin import ANSWER_SECONDS, NotRunning, ask_running

Ask = Callable[[str, dict[str, Any]], Any]


def ask(data: Path, action: str, arguments: dict[str, Any], seconds: float | None = ANSWER_SECONDS) -> Any:
    """The result of one action on the venue in `data`, running or not. OperatorError when it is refused."""
    with admin_client(data, seconds) as asked:
        return asked(action, arguments)


@contextmanager
def admin_client(data: Path, seconds: float | None = ANSWER_SECONDS) -> Iterator[Ask]:
    """For several actions one after the other: a stopped venue is opened once, at the first of them. OperatorError."""
    with ExitStack() as opened:
        stopped: list[Ask] = []

        def asked(action: str, arguments: dict[str, Any]) -> Any:
            if not stopped:
                try:
                    return ask_running(data, action, arguments, seconds)
                except NotRunning:
                    # Only here: a venue takes longer to import than a running one to answer.
                    from cambist.app.stopped import stopped_venue

                    stopped.append(opened.enter_context(stopped_venue(data)))
            return stopped[0](action, arguments)

        yield asked
