"""One number, one name: the page, the native module, the twin and the Python side."""

import re
from enum import IntEnum
from pathlib import Path

import pytest

import cambist._core as core
from cambist.domain.commands import CommandKind
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import DoneReason, OrderFlag, OrderStatus, OrderType, SelfTrade, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import Business
from tests.twin import commands, events, words

PAGE = (Path(__file__).parents[2] / "docs" / "internals" / "core.md").read_text()


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def section(title: str, until: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split(f"\n{until}")[0]


def test_rejections() -> None:
    on_the_page = {int(code): name for code, name in re.findall(r"\| (\d+) \| ([A-Z]\w+)", section("Rejections", "### Set-up"))}
    assert on_the_page == {code.value: camel(code.name) for code in words.Code if code}
    assert on_the_page == {code.value: camel(code.name) for code in RejectReason if 0 < code < 900}
    assert {code: name for code, name in core.REJECTS.items() if code} == on_the_page


def test_commands() -> None:
    on_the_page = {int(number): name for number, name in re.findall(r"^\| (\d+) \| (\w+) \|", section("Commands", "## Rejections"), re.M)}
    assert on_the_page == {number: command.__name__ for number, command in commands.BY_NUMBER.items()}
    assert on_the_page == {kind.value: camel(kind.name) for kind in CommandKind}


def test_events() -> None:
    on_the_page = {int(number): name for number, name in re.findall(r"^\| (\d+) \| (\w+) \|", section("Events", "## Canonical"), re.M)}
    assert on_the_page == {event.number: name for name, event in events.ALL.items()}
    assert all(hasattr(core, name) for name in events.ALL)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (words.Side, Side),
        (words.Type, OrderType),
        (words.Tif, TimeInForce),
        (words.SelfTrade, SelfTrade),
        (words.MarketStatus, MarketStatus),
        (words.OrderStatus, OrderStatus),
        (words.Reason, DoneReason),
        (words.Business, Business),
    ],
)
def test_enumerations(ours: type[IntEnum], theirs: type[IntEnum]) -> None:
    assert [member.value for member in ours] == [member.value for member in theirs]


def test_constants() -> None:
    names = ("WORLD", "FEES", "FIRST_USER_ACCOUNT", "ALL_MARKETS", "BOTH_SIDES", "NO_FEE_OVERRIDE", "MAX_ATOMS")
    assert {name: getattr(core, name) for name in names} == {name: getattr(words, name) for name in names}
    flags = ("POST_ONLY", "TAKE_PROFIT", "ONE_CANCELS_OTHER", "TRAILS_BY_PRICE", "TRAILS_BY_PPM")
    assert {flag.name: flag.value for flag in OrderFlag} == {name: getattr(words, name) for name in flags}
    assert (core.COUPONS, core.WITHDRAWALS, core.MERCHANTS) == (2, 3, 4)
