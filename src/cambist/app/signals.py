"""What each of the platform's signals does to a venue that serves, and the end of its standard input to one that belongs to a program."""

import asyncio
import os
import signal
import stat
from collections.abc import Callable
from enum import Enum

from cambist.app.errors import Exit, OperatorError


class Reaction(Enum):
    END = "ends in order"
    RELOAD = "opens the log file and the certificate again"
    IGNORE = "nothing"
    SYSTEM = "what the system does: of faults the process dies at once, with nothing lost"
    """Faults cannot be gone on from, and KILL and STOP cannot be caught. CHLD, CONT, URG and WINCH do nothing by themselves."""


REACTIONS: dict[str, Reaction] = {
    **dict.fromkeys(("SIGTERM", "SIGINT", "SIGQUIT", "SIGPWR", "SIGXCPU"), Reaction.END),
    "SIGHUP": Reaction.RELOAD,
    **dict.fromkeys(
        ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP", "SIGKILL", "SIGSTOP"),
        Reaction.SYSTEM,
    ),
    **dict.fromkeys(("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH"), Reaction.SYSTEM),
}
"""All others, those that have no name included, are ignored: nobody who sends one means that the venue should end or stand still."""


def reaction_to(number: int) -> Reaction:
    """What the signal does."""
    try:
        name = signal.Signals(number).name
    except ValueError:  # a real-time signal between the first and the last
        return Reaction.IGNORE
    return REACTIONS.get(name, Reaction.IGNORE)


def handle_signals(loop: asyncio.AbstractEventLoop, end: Callable[[], object], reload: Callable[[], object]) -> None:
    """Has the process react to every signal as the table says. For the main thread."""
    for number in signal.valid_signals():
        match reaction_to(number):
            case Reaction.END:
                loop.add_signal_handler(number, end)
            case Reaction.RELOAD:
                loop.add_signal_handler(number, reload)
            case Reaction.IGNORE:
                signal.signal(number, signal.SIG_IGN)


def check_input() -> None:
    """OperatorError USAGE unless standard input is one whose end can be waited for."""
    mode = os.fstat(0).st_mode
    if not stat.S_ISFIFO(mode) and not stat.S_ISSOCK(mode):
        raise OperatorError("--attached: standard input is no pipe of the program that this sandbox belongs to", Exit.USAGE)


def await_word() -> bool:
    """Waits for a byte on standard input, a pipe; False when that ended instead. Before anything else reads there."""
    return bool(os.read(0, 1))


def handle_end_of_input(loop: asyncio.AbstractEventLoop, end: Callable[[], object]) -> None:
    """Calls `end` once whoever writes to standard input, a pipe, has closed it or has died. What comes by it is not looked at."""

    def readable() -> None:
        try:
            ended = not os.read(0, 4096)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            loop.remove_reader(0)
            end()

    loop.add_reader(0, readable)
