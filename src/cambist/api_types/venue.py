"""What a page needs to know of the venue before anybody has said who they are."""

from __future__ import annotations

from typing import Literal

from cambist.api_types.accounts import Name
from cambist.api_types.values import Request, Value


class Sandbox(Value, frozen=True, kw_only=True):
    """What a sandbox runs with. `clock`: `real`, `x60` or another pace, or `manual`. `control`: the path below which its control API is,
    which answers this server's own page on the same machine (docs/reference/control-api.md): clock, faucet, faults, report, snapshots."""

    seed: int
    clock: str
    preset: str
    control: str


class Venue(Value, frozen=True, kw_only=True):
    """A `sandbox` has play money only. `demo_users` may log in without a password; browsers on the same machine are told of them."""

    version: str
    kind: Literal["venue", "sandbox"]
    sign_up: bool
    demo_users: list[str]
    sandbox: Sandbox | None


class DemoLogIn(Request, frozen=True, kw_only=True):
    """One of the venue's `demo_users`."""

    name: Name
