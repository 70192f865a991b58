"""The rules as data: what the twin answers to the commands of `tests.core.scenarios`, for `cargo test` to hold the native core to.

    python -m tests.core.vectors        # after a change of the rules: writes core/tests/vectors/

A file is text. `# words` begins a scenario in the state that `>` lines before it built, or in an empty core; then one line a command:
the record in hex, the outcome's code, id, status, filled, remaining, count and total, the events in hex without their CommandApplied
(`-` for none, `=` and a BLAKE3 prefix where they would be long), and the first eight bytes of the state hash after it.
`@ hex` begins a scenario in a restored state.
"""

from collections.abc import Callable
from pathlib import Path

from blake3 import blake3

from tests.core.linked_scenarios import LINKED_SCENARIOS
from tests.core.linked_traffic import LinkedTraffic
from tests.core.linked_traffic import furniture as linked_furniture
from tests.core.scenarios import OWING, SCENARIOS, a_world_that_owes_as_much_as_it_may
from tests.core.traffic import Call, Traffic, furniture
from tests.core.venue import BOB, OIL, Venue
from tests.twin import Twin
from tests.twin.commands import Command
from tests.twin.events import Event, Outcome
from tests.twin.words import WORLD

DIRECTORY = Path(__file__).parents[2] / "core" / "tests" / "vectors"
TRAFFIC = 6
"""Venues that random commands are sent to, each on its own."""
COMMANDS = 150
LONG = 400
"""Bytes of events that are written out; of more only the hash."""


class Recorder(Twin):
    """A twin that writes a line a command."""

    def __init__(self, source: Twin | None = None, long: int = LONG) -> None:
        super().__init__(None if source is None else Twin.restore(source.snapshot()).state)
        self.lines: list[str] = []
        self.seen: list[tuple[Command, Outcome, list[Event]]] = []
        self._long = long

    def apply(self, command: Command) -> Outcome:
        outcome = super().apply(command)
        events = self._events[-1 - self._count_after_applied() :]
        run = b"".join(event.encode() for event in events[1:])
        encoded = "-" if not run else run.hex() if len(run) <= self._long else "=" + blake3(run).hexdigest()[:16]
        o = outcome
        numbers = f"{o.code} {o.id} {o.status} {o.filled} {o.remaining} {o.count} {o.total}"
        self.lines.append(f"{command.encode().hex()} {numbers} {encoded} {self.state_hash()[:8].hex()}")
        self.seen.append((command, outcome, events))
        return outcome

    def _count_after_applied(self) -> int:
        return len(self.state.events)


def furnished() -> Recorder:
    recorder = Recorder()
    Venue.furnished(recorder)
    return recorder


def play(start: Twin) -> list[tuple[str, Recorder]]:
    """Every scenario from the furnished venue on."""
    played = []
    for scenario in [*SCENARIOS, *LINKED_SCENARIOS]:
        recorder = Recorder(start)
        scenario(Venue(recorder))
        played.append((scenario.__name__, recorder))
    return played


def play_owing(start: Twin) -> tuple[str, bytes, Recorder]:
    twin = Recorder(start)
    for number, owns in ((WORLD, -OWING), (BOB, OWING)):
        twin.state.accounts[number].balances[OIL].available = owns
    for account in twin.state.accounts[BOB + 1 :]:
        account.balances.pop(OIL, None)
    twin.state.accounts[BOB - 1].balances.pop(OIL, None)
    snapshot = twin.snapshot()
    a_world_that_owes_as_much_as_it_may(Venue(twin))
    return a_world_that_owes_as_much_as_it_may.__name__, snapshot, twin


def traffic(number: int, furniture: Callable[[int], list[Call]], commands: type[Traffic]) -> Recorder:
    """Random commands, mostly sensible ones: the same every time."""
    recorder = Recorder(long=0)
    for command, fields in furniture(number):
        getattr(recorder, command)(0, **fields)
    for position in range(COMMANDS):
        time, command, fields = commands(number + (position << 64) + 1, recorder.state).call()
        if command != "note":  # its meta is random bytes, and a rule looks at none
            getattr(recorder, command)(time, **fields)
    return recorder


def words(name: str) -> str:
    return name.replace("_", " ")


def rules() -> str:
    start = furnished()
    lines = [f"> {line}" for line in start.lines]
    for name, recorder in play(start):
        lines += [f"# {words(name)}", *recorder.lines]
    name, snapshot, recorder = play_owing(start)
    lines += [f"# {words(name)}", f"@ {snapshot.hex()}", *recorder.lines]
    return "\n".join(lines) + "\n"


def random_traffic() -> str:
    lines = []
    for number in range(TRAFFIC):
        lines += [f"# random commands, venue {number}", *traffic(number, furniture, Traffic).lines]
    return "\n".join(lines) + "\n"


def linked_traffic() -> str:
    lines = []
    for number in range(TRAFFIC):
        lines += [f"# random commands, linked markets {number}", *traffic(number, linked_furniture, LinkedTraffic).lines]
    return "\n".join(lines) + "\n"


FILES = {"rules.txt": rules, "traffic.txt": random_traffic, "linked_traffic.txt": linked_traffic}


def main() -> None:
    DIRECTORY.mkdir(exist_ok=True)
    for name, make in FILES.items():
        (DIRECTORY / name).write_text(make())


if __name__ == "__main__":
    main()
