"""A sandbox in a process of its own, for one test or for many."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from cambist.sandbox import run_files
from cambist.sandbox.control.operations import Operation
from cambist.sandbox.control.snapshots import Began, Restored
from cambist.sandbox.control_client.async_control import AsyncControl
from cambist.sandbox.control_client.calls import ControlError
from cambist.sandbox.control_client.control import Control
from cambist.sandbox.people import Person
from cambist.testing import libraries, processes
from cambist.testing.clocks import AsyncClock, Clock

if TYPE_CHECKING:
    from cambist.testing.libraries import AnyClient

Taken = TypeVar("Taken", bound=msgspec.Struct)
Given = TypeVar("Given")
_LOOK = 0.005
"""Seconds between two looks at whether it is ready."""
_SAID = 4_000
"""Characters of what it said that an error shows."""


class SandboxFailed(Exception):
    """A sandbox that did not start, or is not there; the text has what it said."""


class User(msgspec.Struct, frozen=True):
    """Somebody with money and keys. `keys`: what a client of each API needs, by the names that people know it by."""

    name: str
    password: str
    account: int
    keys: dict[str, dict[str, str]]


class _Ready(msgspec.Struct):
    url: str
    pid: int
    seed: int
    users: list[User]


class _OwnControl(Control):
    """Tells whose control it is of each reply that says which seed and users the sandbox has from now on."""

    def __init__(self, url: str, on_began: Callable[[Began | Restored], None]) -> None:
        super().__init__(url)
        self._on_began = on_began

    def call(self, operation: Operation[Taken, Given], taken: Taken) -> Given:
        given = super().call(operation, taken)
        if isinstance(given, Began | Restored):
            self._on_began(given)
        return given


class _OwnAsyncControl(AsyncControl):
    """The same for asyncio."""

    def __init__(self, url: str, on_began: Callable[[Began | Restored], None]) -> None:
        super().__init__(url)
        self._on_began = on_began

    async def call(self, operation: Operation[Taken, Given], taken: Taken) -> Given:
        given = await super().call(operation, taken)
        if isinstance(given, Began | Restored):
            self._on_began(given)
        return given


class Sandbox:
    """An exchange for tests. As a context manager, synchronous or not, it starts a process and ends it; `connect` takes one that runs.

    Each argument is the option of `cambist sandbox` of that name, and `options` are further ones. `patience`: seconds until it must be
    ready. `url`, `seed`, `users`, `control` and the rest are there once it is; a reset or a restored snapshot by `control` or
    `async_control` makes `seed` and `users` those that the sandbox has then.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        preset: str | None = None,
        clock: str = "real",
        users: Sequence[str] | None = None,
        fund: str = "",
        config: str | os.PathLike[str] | None = None,
        options: Sequence[str] = (),
        patience: float = 60.0,
    ) -> None:
        given: list[tuple[str, str | None]] = [
            ("--preset", preset),
            ("--clock", clock),
            ("--users", None if users is None else ",".join(users)),
            ("--fund", fund or None),
            ("--config", None if config is None else os.path.abspath(config)),
        ]
        self._options = [word for name, value in given if value is not None for word in (name, value)] + list(options)
        self._seed = [] if seed is None else ["--seed", str(seed)]
        self._patience = patience
        self._process: processes.SandboxProcess | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._end: Callable[[], object] | None = None

    # --- start and end --------------------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Returns once it answers. SandboxFailed."""
        if self._process is not None:
            raise SandboxFailed("this sandbox has been started already")
        self._folder = tempfile.TemporaryDirectory(prefix="cambist-test-")
        ready = self._path / "ready.json"
        words = ["sandbox", "--attached", "--port", "0", "--ready-file", str(ready), *self._seed, *self._options]
        with (self._path / "output").open("wb") as output:
            # In a directory of its own: a module of the caller's must not stand before one of the same name that the sandbox imports.
            self._process = processes.start(words, self._path, _environment(), output.fileno())
        try:
            self._wait(ready)
            self._reached(msgspec.json.decode(ready.read_bytes(), type=_Ready))
        except BaseException:
            self.stop()
            raise
        return self

    def _wait(self, ready: Path) -> None:
        assert self._process is not None
        end = time.monotonic() + self._patience
        while not ready.exists():
            code = self._process.poll()
            if code is not None:
                raise SandboxFailed(f"the sandbox did not start (exit code {code}):\n{self.output}")
            if time.monotonic() > end:
                raise SandboxFailed(f"the sandbox was not ready within {self._patience:g} s:\n{self.output}")
            time.sleep(_LOOK)

    def _reached(self, ready: _Ready) -> None:
        self.url = ready.url
        self.seed = ready.seed
        self.users: Mapping[str, User] = {user.name: user for user in ready.users}
        self.control: Control = _OwnControl(ready.url, self._began)
        self.async_control: AsyncControl = _OwnAsyncControl(ready.url, self._began)
        self.clock = Clock(self.control)
        self.async_clock = AsyncClock(self.async_control)
        self._numbers = libraries.Numbers(self.clock, self.control.clock().mode)

    def stop(self) -> None:
        """Ends it and removes its files. What is not running stays so."""
        process, self._process = self._process, None
        if process is not None:
            process.end_input()
            if process.wait(10.0) is None:
                process.kill()
                process.wait(10.0)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        end, self._end = self._end, None
        if end is not None:
            with contextlib.suppress(ControlError):  # it has ended with the one that it was forked from
                end()

    @classmethod
    def connect(cls, url: str | None = None) -> Self:
        """A sandbox of this user's that runs on this machine, the only one without `url`. `stop` leaves it alone. SandboxFailed."""
        listed = run_files.running(run_files.place(os.environ))
        found = [one for one in listed if url is None or one.url == url.rstrip("/")]
        if not found and url is not None:
            try:
                Control(url).clock()
            except ControlError as error:
                raise SandboxFailed(f"{error.words}; sandboxes that run: {', '.join(one.url for one in listed) or 'none'}") from None
            raise SandboxFailed(
                f"the sandbox at {url} was not started by this user as one to be found: it belongs to a program (`--attached`, a fork) or "
                f"another user, who alone has its users' keys; Control({url!r}) calls its control API"
            )
        if len(found) != 1:
            raise SandboxFailed(f"name a sandbox that runs on this machine: {', '.join(one.url for one in listed) or 'none does'}")
        made = cls()
        made._reached(msgspec.json.decode((Path(found[0].data) / "examples" / "keys.json").read_bytes(), type=_Ready))
        return made

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self.stop)

    # --- what a test asks -----------------------------------------------------------------------------------------------------------------

    @property
    def _path(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name)

    @property
    def output(self) -> str:
        """The end of what the process said on its standard output and error; empty when another program started it."""
        if self._folder is None:
            return ""
        return (self._path / "output").read_bytes()[-_SAID:].decode("utf-8", "replace")

    def credentials(self, user: str, dialect: str) -> Mapping[str, str]:
        """What a client of that API needs, such as `key` and `secret`. KeyError for a user or an API that there is not."""
        if user not in self.users:
            raise KeyError(f"there is no user {user}: {', '.join(self.users)}")
        keys = self.users[user].keys
        if dialect not in keys:
            raise KeyError(f"there are no keys for {dialect}: {', '.join(keys)}")
        return keys[dialect]

    def reset(self, seed: int | None = None) -> None:
        """Puts it back to its start, or to what its start would have been with another seed; `users` and their keys are those then."""
        self.control.reset(seed=seed)

    async def async_reset(self, seed: int | None = None) -> None:
        """The same for asyncio."""
        await self.async_control.reset(seed=seed)

    def _began(self, began: Began | Restored) -> None:
        self.seed = began.seed
        self.users = {user.name: user for user in _users(began.users)}
        self._numbers.forget()

    def fork(self) -> Self:
        """Another sandbox, in a process of its own, that goes on from this one's state with everything. It ends by its `stop`, or with this
        one."""
        forked = self.control.fork()
        made = type(self)()
        made._options = self._options
        made._reached(_Ready(forked.url, forked.pid, forked.seed, _users(forked.users)))
        made._numbers.go_on_from(self._numbers)
        made._end = lambda: self.control.end_fork(forked.pid)
        return made

    def describe(self) -> str:
        """The command that starts another one as it was at its start, or at its last reset."""
        return shlex.join(["cambist", "sandbox", "--seed", str(self.seed), *self._options])

    def report(self, user: str | None = None) -> str:
        """What the bots did and what they did wrong, in Markdown. ControlError."""
        return self.control.report_markdown(user=user).decode()

    # --- clients of known libraries -------------------------------------------------------------------------------------------------------

    def ccxt(self, exchange: str, user: str | None = "alice", *, asynchronous: bool = False, **config: Any) -> AnyClient:
        """An exchange of ccxt that calls this sandbox: `wex` (ccxt 1.18) or `btse`. `user` None: without keys. `config` goes to ccxt."""
        keys = None if user is None else self.credentials(user, libraries.ccxt_dialect(exchange))
        return libraries.ccxt_exchange(exchange, self.url, keys, self._numbers, asynchronous=asynchronous, config=config)

    def wexapi(self, user: str = "alice") -> AnyClient:
        """A `TradeApi` of wexapi; its `connection` serves `PublicApi` too."""
        return libraries.wexapi_trade(self.url, self.credentials(user, "wex"), self._numbers)

    def cryptoxlib(self, user: str = "alice") -> AnyClient:
        """A `BtseClient` of cryptoxlib-aio, for the HTTP API and the sockets. Its nonces follow the machine's clock, so that the sandbox's
        must."""
        return libraries.cryptoxlib_btse(self.url, self.credentials(user, "btse"))


def _users(people: Iterable[Person]) -> list[User]:
    return [User(one.name, one.password, one.account, one.keys) for one in people]


def _environment() -> dict[str, str]:
    """This process's, for one in another directory: places that PYTHONPATH names from here are named in full."""
    variables = dict(os.environ)
    if paths := variables.get("PYTHONPATH"):
        variables["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in paths.split(os.pathsep) if path)
    return variables
