"""Bots that do one thing wrong each, against a running sandbox: what the report finds, and nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from websockets.sync.client import ClientConnection

from cambist.sandbox.control_client.calls import ControlError
from cambist.sandbox.control_client.control import Control
from tests.sandbox.report.raw_bot import LostReply, RawBot
from tests.support.processes import Running, serving

Behaviour = Callable[[RawBot, RawBot, Control], None]
"""Given the bot, another user who makes its market, and the control API."""


def careful(bot: RawBot, maker: RawBot, control: Control) -> None:
    maker.trade("sell", "2000", "1")
    control.move_clock(advance=60)
    best = str(bot.public("depth/btc_usd")["btc_usd"]["asks"][0][0])
    assert bot.trade("buy", best, "1")["return"]["received"] == 1
    bot.trade("buy", "1999.123", "0.5")
    bot.cancel_all()
    bot.call("getInfo")


def leaves_an_order(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.trade("buy", "100", "1")


def rounds_nothing(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.trade("buy", "100.00012", "1")


def orders_too_little(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.trade("buy", "100", "0.0001")


def orders_too_much(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.trade("buy", "0.1", "99999999")


def spends_what_it_has_not(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.trade("buy", "2000", "100000")


def names_a_strange_order(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.call("CancelOrder", order_id="12")


def cancels_twice(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    order = bot.trade("buy", "100", "1")["return"]["order_id"]
    for _ in range(2):
        bot.call("CancelOrder", order_id=order)


def repeats_nonces(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.call("getInfo")
    bot.nonce -= 1
    assert "invalid nonce" in bot.call("getInfo")["error"]


def signs_with_another_secret(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.call("getInfo", secret="0" * 64)


def asks_for_a_method_that_there_is_not(bot: RawBot, _maker: RawBot, _control: Control) -> None:
    bot.call("GetMoney")


def trades_with_itself(bot: RawBot, maker: RawBot, _control: Control) -> None:
    bot.trade("sell", "1900", "1")
    bot.trade("buy", "1900", "1")
    bot.call("getInfo")


def sweeps_the_book(bot: RawBot, maker: RawBot, _control: Control) -> None:
    for price in ("1000", "900", "800"):
        maker.trade("buy", price, "1")
    maker.trade("sell", "1001", "1")
    bot.trade("sell", "700", "3")


def trades_by_old_prices(bot: RawBot, _maker: RawBot, control: Control) -> None:
    bot.public("ticker/ltc_usd")
    control.move_clock(advance=30)
    order = bot.trade("buy", "1", "1", pair="ltc_usd")["return"]["order_id"]
    bot.call("CancelOrder", order_id=order)


def sells_what_it_has_not_bought(bot: RawBot, maker: RawBot, _control: Control) -> None:
    maker.trade("sell", "1500", "0.4")
    assert bot.trade("buy", "1500", "1")["return"]["remains"] == 0.6
    bot.trade("sell", "1600", "1")
    bot.cancel_all()


def never_looks_again(bot: RawBot, maker: RawBot, _control: Control) -> None:
    bot.trade("buy", "1400", "1")
    maker.trade("sell", "1400", "1")


def sends_again_after_a_lost_reply(bot: RawBot, _maker: RawBot, control: Control) -> None:
    control.arm_fault("lose-reply", user=bot.name, method="Trade")
    with pytest.raises(LostReply):
        bot.trade("buy", "100", "1")
    bot.trade("buy", "100", "1")
    bot.cancel_all()


def sends_again_after_an_error_page(bot: RawBot, _maker: RawBot, control: Control) -> None:
    control.arm_fault("server-error", status=502, executed=True, user=bot.name, method="Trade")
    with pytest.raises(LostReply):
        bot.trade("buy", "100", "1")
    bot.trade("buy", "100", "1")
    bot.cancel_all()


def looks_after_a_lost_reply(bot: RawBot, _maker: RawBot, control: Control) -> None:
    control.arm_fault("lose-reply", user=bot.name, method="Trade")
    with pytest.raises(LostReply):
        bot.trade("buy", "100", "1")
    assert len(bot.call("ActiveOrders")["return"]) == 1
    bot.cancel_all()


def sends_again_what_never_came(bot: RawBot, _maker: RawBot, control: Control) -> None:
    control.arm_fault("lose-request", user=bot.name, method="Trade")
    with pytest.raises(LostReply):
        bot.trade("buy", "100", "1")
    bot.trade("buy", "100", "1")
    bot.cancel_all()


def trades_by_a_stale_reply(bot: RawBot, maker: RawBot, control: Control) -> None:
    fault = control.arm_fault("stale", commands=1, path="/api/3/depth/*")
    bot.public("depth/ltc_usd")
    maker.trade("buy", "1", "1", pair="ltc_usd")
    bot.public("depth/ltc_usd")
    control.disarm_fault(fault.id)
    bot.trade("buy", "1", "1", pair="ltc_usd")
    bot.cancel_all()


def believes_an_old_balance(bot: RawBot, _maker: RawBot, control: Control) -> None:
    fault = control.arm_fault("stale", commands=2, user=bot.name, method="getInfo")
    bot.call("getInfo")
    for price in ("100", "101", "102"):
        bot.trade("buy", price, "1")
    bot.call("getInfo")
    control.disarm_fault(fault.id)


def misses_messages_of_a_socket(bot: RawBot, maker: RawBot, control: Control) -> None:
    with bot.socket() as socket:
        follow_depth(bot, socket)
        control.arm_fault("socket-skip", user=bot.name)
        maker.trade("buy", "2", "1", pair="ltc_usd")
        control.move_clock(advance=1)
        bot.trade("buy", "1", "1", pair="ltc_usd")
        bot.cancel_all()


def subscribes_again(bot: RawBot, maker: RawBot, control: Control) -> None:
    with bot.socket() as socket:
        follow_depth(bot, socket)
        control.arm_fault("socket-skip", user=bot.name)
        maker.trade("buy", "2", "1", pair="ltc_usd")
        control.move_clock(advance=1)
        follow_depth(bot, socket)
        bot.trade("buy", "1", "1", pair="ltc_usd")
        bot.cancel_all()


def follow_depth(bot: RawBot, socket: ClientConnection) -> None:
    """Authenticates, so that it is known whose the socket is, and follows a book; returns when both are confirmed."""
    for number, (method, params) in enumerate((("server.auth", [bot.token, "test"]), ("depth.subscribe", ["LTCUSD", 10, "0"]))):
        socket.send(json.dumps({"method": method, "params": params, "id": number}))
        while json.loads(socket.recv(60)).get("id") != number:
            """What is pushed meanwhile."""


TABLE: list[tuple[Behaviour, set[str]]] = [
    (careful, set()),
    (leaves_an_order, {"order-left-open"}),
    (rounds_nothing, {"precision-violation"}),
    (orders_too_little, {"minimum-violation"}),
    (orders_too_much, {"maximum-violation"}),
    (spends_what_it_has_not, {"insufficient-funds"}),
    (names_a_strange_order, {"order-unknown"}),
    (cancels_twice, {"cancel-too-late"}),
    (repeats_nonces, {"nonce-rejected"}),
    (signs_with_another_secret, {"not-authenticated"}),
    (asks_for_a_method_that_there_is_not, {"request-rejected"}),
    (trades_with_itself, {"self-trade"}),
    (sweeps_the_book, {"large-slippage"}),
    (trades_by_old_prices, {"stale-book"}),
    (sells_what_it_has_not_bought, {"partial-fill-ignored"}),
    (never_looks_again, {"fill-unseen", "balance-outdated"}),
    (sends_again_after_a_lost_reply, {"duplicate-order"}),
    (sends_again_after_an_error_page, {"duplicate-order"}),
    (looks_after_a_lost_reply, set()),
    (sends_again_what_never_came, set()),
    (trades_by_a_stale_reply, {"stale-book"}),
    (misses_messages_of_a_socket, {"socket-data-missed"}),
    (subscribes_again, set()),
    (believes_an_old_balance, {"balance-wrong", "order-left-open"}),
]
USERS = ["maker", *(f"bot{number}" for number in range(len(TABLE)))]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--quiet", "--clock", "manual", "--users", ",".join(USERS)) as served:
        yield served


@pytest.fixture(scope="module")
def maker(running: Running) -> Iterator[RawBot]:
    bot = RawBot(running.url, running.ready["users"][0], "127.0.0.1")
    yield bot
    bot.close()


@pytest.mark.parametrize(("number", "behaviour", "codes"), [(number, *row) for number, row in enumerate(TABLE)])
def test_a_bot_is_told_what_it_did_wrong(running: Running, maker: RawBot, number: int, behaviour: Behaviour, codes: set[str]) -> None:
    control = Control(running.url)
    bot = RawBot(running.url, running.ready["users"][number + 1], f"127.0.1.{number + 1}")
    behaviour(bot, maker, control)
    (report,) = control.report(user=bot.name).bots
    for each in (bot, maker):
        each.cancel_all()
    bot.close()
    assert {finding.code for finding in report.findings} == codes
    assert {check.code for check in report.checks if check.outcome == "failed"} == codes
    assert not [check for check in report.checks if check.outcome == "skipped"]
    for finding in report.findings:
        assert finding.requests, finding
        assert finding.sentence.endswith(".")


def test_the_documents_say_the_same(running: Running, maker: RawBot) -> None:
    control = Control(running.url)
    report = control.report()
    assert report.first_request == 1
    suites = ElementTree.fromstring(control.report_junit())
    text = control.report_markdown().decode()
    for bot, suite in zip(report.bots, suites, strict=True):
        assert (suite.get("name"), suite.get("tests")) == (bot.user, str(len(bot.checks)))
        failed = {case.get("name", "").partition(":")[0] for case in suite if case.find("failure") is not None}
        noted = {case.get("name", "").partition(":")[0] for case in suite if case.find("system-out") is not None}
        assert failed == {finding.code for finding in bot.failed}
        assert failed | noted == {finding.code for finding in bot.findings}
        assert suite.get("failures") == str(len(failed))
        assert all(finding.sentence in text for finding in bot.findings)
    assert any(bot.findings for bot in report.bots)


def test_the_same_run_is_drawn_the_same(running: Running, maker: RawBot) -> None:
    control = Control(running.url)
    pictures = [control.report_picture(market="btc_usd") for _ in range(2)]
    assert pictures[0] == pictures[1]
    marks = [element for element in ElementTree.fromstring(pictures[0]) if element.tag.endswith("polygon")]
    assert len(marks) == sum(bot.money.trades for bot in control.report().bots) > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"user": "nobody"}, "there is no user nobody"),
        ({"quote": "XYZ"}, "there is no asset XYZ"),
        ({"requests_per_second": 0}, "requests_per_second: 1 to"),
        ({"requests_per_second": 1 << 62}, "requests_per_second: 1 to"),
        ({"stale_after": -1.0}, "stale_after: 0 to"),
        ({"stale_after": 1e308}, "stale_after: 0 to"),
        ({"slippage_percent": 1e308}, "slippage_percent: 0 to"),
    ],
)
def test_what_there_is_not_is_not_reported(running: Running, maker: RawBot, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ControlError, match=words):
        Control(running.url).report(**options)


def test_a_program_that_asks_again_and_again_is_told_so(tmp_path: Path) -> None:
    """By the sandbox's clock, of which a second lasts here longer than all requests together."""
    with serving(tmp_path, "sandbox", "--quiet", "--clock", "x0.001", "--users", "alice") as running:
        bot = RawBot(running.url, running.ready["users"][0], "127.0.0.1")
        for _ in range(12):
            bot.public("ticker/btc_usd")
        bot.call("getInfo")
        bot.close()
        (report,) = Control(running.url).report().bots
        assert [(finding.code, finding.count) for finding in report.findings] == [("too-many-requests", 1)]
        assert "13 at most" in report.findings[0].sentence
        (report,) = Control(running.url).report(requests_per_second=13).bots
        assert report.findings == []


def test_what_happened_before_the_log_began_is_counted(tmp_path: Path) -> None:
    """A restored sandbox has a log of its own."""
    with serving(tmp_path, "sandbox", "--quiet", "--clock", "manual", "--users", "alice") as running:
        control, bot = Control(running.url), RawBot(running.url, running.ready["users"][0], "127.0.0.1")
        bot.trade("buy", "100", "1")
        control.save("one")
        control.restore("one")
        bot.trade("buy", "101", "1")
        bot.close()
        (report,) = control.report().bots
        assert (report.placed, report.unlogged, report.requests) == (2, 1, 1)
        assert "no requests for 1 of its orders" in control.report_markdown().decode()
