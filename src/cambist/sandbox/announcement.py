"""What a sandbox prints when it answers: one screen, all that somebody needs who sees it for the first time."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cambist.sandbox.people import Person

LINES_AT_MOST = 25
COLUMNS_AT_MOST = 100
USERS_SHOWN = 4
APIS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Announced:
    """A sandbox that answers. `apis`: (title, its paths) of each; `command`: how the person calls `cambist`; `examples`: names of the
    programs in `data`'s folder of that name; `kept`: whether `data` stays after the end; `market`: one that BTC-e's API has, or none."""

    url: str
    seed: int
    data: Path
    kept: bool
    people: Sequence[Person]
    apis: Sequence[tuple[str, Sequence[str]]]
    examples: Sequence[str]
    market: str
    documents: str
    command: str


def announcement(sandbox: Announced) -> str:
    """At most 25 lines of at most 100 columns, unless a path of the person's own is longer. What is to be typed stands flush left."""
    gone = "kept when it stops" if sandbox.kept else "removed when it stops; --data DIR keeps one"
    first = sandbox.people[0].name if sandbox.people else ""
    lines = [
        f"Cambist sandbox at {sandbox.url}   PLAY MONEY: nothing in it is worth anything",
        "",
        f"data   {sandbox.data}  ({gone})",
        _cut(f"keys   in examples/keys.json there{f'; examples/*.py call each API as {first}' if sandbox.examples else ''}"),
        f"docs   {sandbox.documents}",
        f"seed   {sandbox.seed}: users, passwords, keys and prices follow from it",
        "",
        *_users(sandbox.people),
        "",
        *(_cut(f"{title:14} {' '.join(paths)}") for title, paths in sandbox.apis[:APIS_SHOWN]),
        "",
        "Try next, in another terminal (Ctrl-C here stops the sandbox):",
        f"export CAMBIST_DATA={shlex.quote(str(sandbox.data))}",
        *(f'python3 "$CAMBIST_DATA/examples/{name}"' for name in sandbox.examples[:1]),
        *([f"curl {sandbox.url}/api/3/ticker/{sandbox.market}"] if sandbox.market else []),
        f"{sandbox.command} market list",
    ]
    return "\n".join(lines)


def _users(people: Sequence[Person]) -> list[str]:
    if not people:
        return ["no users: --users NAME,NAME makes some"]
    lines = [_cut(f"user {person.name:10}  account {person.account:<4}  password {person.password}") for person in people[:USERS_SHOWN]]
    more = len(people) - USERS_SHOWN
    return [*lines, f"and {more} more"] if more > 0 else lines


def _cut(line: str) -> str:
    return line if len(line) <= COLUMNS_AT_MOST else f"{line[: COLUMNS_AT_MOST - 1]}…"
