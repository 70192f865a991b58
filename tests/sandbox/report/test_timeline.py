"""One order from its request to its end, asked of a running sandbox: checks, hold, queue, fills, ledger, what was sent, faults."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.sandbox.control_client.calls import ControlError
from cambist.sandbox.control_client.control import Control
from tests.sandbox.report.raw_bot import LostReply, RawBot
from tests.support.processes import Running, cambist, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("sandbox"), "sandbox", "--quiet", "--clock", "manual", "--users", "alice,bob,carol") as served:
        yield served


@pytest.fixture
def control(running: Running) -> Control:
    return Control(running.url)


@pytest.fixture(scope="module")
def bots(running: Running) -> Iterator[list[RawBot]]:
    made = [RawBot(running.url, user, f"127.0.2.{number + 1}") for number, user in enumerate(running.ready["users"])]
    yield made
    for bot in made:
        bot.close()


@pytest.fixture
def alice(bots: list[RawBot]) -> Iterator[RawBot]:
    yield bots[0]
    for bot in bots:
        bot.cancel_all()


@pytest.fixture
def bob(alice: RawBot, bots: list[RawBot]) -> RawBot:
    return bots[1]


@pytest.fixture
def carol(alice: RawBot, bots: list[RawBot]) -> RawBot:
    return bots[2]


def order_of(reply: dict[str, object]) -> str:
    content = reply["return"]
    assert isinstance(content, dict)
    return str(content["order_id"])


def test_the_queue_shrinks_as_others_trade_and_leave(control: Control, alice: RawBot, bob: RawBot, carol: RawBot) -> None:
    first = order_of(bob.trade("buy", "100", "1"))
    bob.trade("buy", "100", "2")
    bob.trade("buy", "99", "9")  # at another price: it is not before it
    order = order_of(alice.trade("buy", "100", "3"))
    bob.trade("buy", "100", "5")  # behind it
    control.move_clock(advance=1)
    bob.call("CancelOrder", order_id=first)
    control.move_clock(advance=1)
    carol.trade("sell", "100", "0.5")
    control.move_clock(advance=1)
    carol.trade("sell", "100", "2")
    shown = control.explain(order)
    assert [(place.orders, place.amount) for place in shown.queue] == [(2, "3 BTC"), (1, "2 BTC"), (1, "1.5 BTC"), (0, "0 BTC")]
    assert [(fill.amount, fill.price, fill.total, fill.fee, fill.role) for fill in shown.fills] == [("0.5", "100", "50", "0.001", "maker")]
    assert [(entry.why, entry.asset, entry.available, entry.held) for entry in shown.ledger] == [
        ("hold", "USD", "-300", "300"),
        ("trade", "USD", "0", "-50"),
        ("trade", "BTC", "0.499", "0"),
    ]
    assert (shown.state, shown.filled, shown.user) == ("open", "0.5 BTC", "alice")
    assert [event.what for event in shown.events] == ["accepted", "traded"]
    assert shown.names["btce_wex"] == order


def test_the_request_is_shown_without_its_secrets(control: Control, running: Running, alice: RawBot) -> None:
    order = order_of(alice.trade("buy", "100", "3"))
    alice.call("ActiveOrders")
    shown = control.explain(order)
    assert shown.request is not None
    assert (shown.request.what, shown.request.outcome) == ("POST /tapi", "200 replied")
    assert "rate=100&amount=3" in shown.request.body
    assert f'"order_id":{order}' in shown.request.reply
    assert [sent.what for sent in shown.sent] == ["POST /tapi", "POST /tapi"]
    text = control.explain_text(order).decode()
    for secret in (keys["secret"] for user in running.ready["users"] for keys in user["keys"].values() if "secret" in keys):
        assert secret not in text


@pytest.mark.parametrize(
    ("price", "amount", "rule", "code", "numbers"),
    [
        ("0.001", "1", "the price is in the market's range", "price-too-low", "0.001, from 0.1 to 10000"),
        ("100", "0.0001", "the amount is in the market's range", "amount-too-small", "0.0001 BTC, from 0.001 BTC to 1000000 BTC"),
        ("9999", "5000", "there is enough money", "insufficient-funds", "49995000 USD needed, "),
    ],
)
def test_a_rejected_order_says_which_check_it_failed(
    control: Control, bob: RawBot, price: str, amount: str, rule: str, code: str, numbers: str
) -> None:
    bob.trade("buy", price, amount)
    (report,) = control.report(user="bob").bots
    seq = max(seq for each in report.rejections if each.code == code for seq in each.commands)
    shown = control.explain(f"seq-{seq}")
    (failed,) = [check for check in shown.checks if check.outcome == "failed"]
    assert (failed.rule, failed.code) == (rule, code)
    assert failed.numbers.startswith(numbers)
    outcomes = [check.outcome for check in shown.checks]
    place = outcomes.index("failed")
    assert set(outcomes[:place]) == {"passed"}
    assert set(outcomes[place + 1 :]) <= {"not reached"}
    assert (shown.order, shown.state) == (None, "rejected")
    assert f"The core rejected it: {code}." in control.explain_text(f"seq-{seq}").decode()


def test_its_end_and_the_release_of_its_money(control: Control, alice: RawBot) -> None:
    order = order_of(alice.trade("sell", "9000", "2"))
    control.move_clock(advance=5)
    alice.call("CancelOrder", order_id=order)
    shown = control.explain(order)
    assert shown.state == "cancelled"
    assert [(entry.why, entry.available, entry.held) for entry in shown.ledger] == [("hold", "-2", "2"), ("release", "2", "-2")]
    assert [event.what for event in shown.events] == ["accepted", "cancelled"]
    assert all(event.request is not None for event in shown.events)
    assert shown.events[1].time - shown.events[0].time == 5_000_000


def test_a_taker_of_several_levels(control: Control, alice: RawBot, bob: RawBot) -> None:
    bob.trade("sell", "200", "1")
    bob.trade("sell", "201", "1")
    alice.trade("buy", "201", "2")
    (report,) = control.report(user="alice").bots
    orders = [order for finding in report.findings for order in finding.orders]
    newest = int(order_of(bob.trade("sell", "9999", "1"))) - 1_000_001
    shown = control.explain(str(newest))
    assert [(fill.amount, fill.price, fill.role) for fill in shown.fills] == [("1", "200", "taker"), ("1", "201", "taker")]
    assert (shown.state, shown.queue, shown.filled) == ("filled", [], "2 BTC")
    assert newest not in orders


def test_faults_that_touched_it(control: Control, alice: RawBot) -> None:
    fault = control.arm_fault("lose-reply", user="alice", method="Trade")
    with pytest.raises(LostReply):
        alice.trade("buy", "100", "1")
    (order,) = alice.call("ActiveOrders")["return"]
    shown = control.explain(order)
    assert shown.faults == [fault.id]
    assert shown.request is not None
    assert (shown.request.outcome, shown.request.faults) == ("withheld", [fault.id])


@pytest.mark.parametrize("asked", ["99999999", "seq-1", "seq-99999999", "nothing", "btse:nothing"])
def test_what_is_no_order(control: Control, alice: RawBot, asked: str) -> None:
    with pytest.raises(ControlError, match="no order"):
        control.explain(asked)


def test_each_api_s_name_finds_it(control: Control, alice: RawBot) -> None:
    order = order_of(alice.trade("buy", "100", "1"))
    shown = control.explain(order)
    assert shown.order is not None
    for asked in (
        str(shown.order),
        *(f"{dialect}:{name}" for dialect, name in shown.names.items()),
        shown.names["mtgox"],
        shown.names["btse"],
    ):
        assert control.explain(asked).order == shown.order


def test_the_command_line_asks_the_sandbox_or_reads_its_files(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--quiet", "--data", data, "--users", "alice,bob") as running:
        alice = RawBot(running.url, running.ready["users"][0], "127.0.0.1")
        order = order_of(alice.trade("buy", "100", "1"))
        alice.close()
        live = cambist("explain", order, "--url", running.url)
        assert "POST /tapi" in live.stdout, live.stderr
        assert "order-left-open" in cambist("report", "--url", running.url).stdout
        assert cambist("report", "--url", running.url, "--check").returncode == 1
        asked_itself = cambist("report", "--data", data, XDG_RUNTIME_DIR=str(tmp_path))  # it runs: it is asked itself
        assert "order-left-open" in asked_itself.stdout, asked_itself.stderr
        assert "no request log" not in asked_itself.stdout
        assert cambist("report", XDG_RUNTIME_DIR=str(tmp_path)).stdout == asked_itself.stdout  # the one that runs is found
    number = str(int(order) - 1_000_000)
    kept = cambist("explain", number, "--data", data)
    assert "The core took it" in kept.stdout, kept.stderr
    assert "is not in the log" in kept.stdout
    report = cambist("report", "--data", data)
    assert "order-left-open" in report.stdout
    assert "Not looked for, because there is no request log: duplicate-order" in report.stdout
    picture = tmp_path / "picture.svg"
    assert cambist("report", "--data", data, "--format", "svg", "--output", picture).returncode == 0
    assert picture.read_bytes().startswith(b"<svg")
    assert cambist("report", "--data", data, "--user", "nobody").stderr == "cambist: there is no user nobody\n"


def test_a_bundle_is_repeated_and_asked_at_its_end(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    with serving(tmp_path, "sandbox", "--quiet", "--clock", "manual", "--users", "alice") as running:
        alice, control = RawBot(running.url, running.ready["users"][0], "127.0.0.1"), Control(running.url)
        control.arm_fault("lose-reply", user="alice", method="Trade")
        with pytest.raises(LostReply):
            alice.trade("buy", "100", "1")
        order = order_of(alice.trade("buy", "100", "1"))
        live = {finding.code for finding in control.report().bots[0].findings}
        bundle.write_bytes(control.bundle())
        alice.close()
    report = cambist("report", "--data", bundle, "--format", "json")
    assert report.returncode == 0, report.stderr
    (bot,) = json.loads(report.stdout)["bots"]
    assert {finding["code"] for finding in bot["findings"]} == live >= {"duplicate-order"}
    explained = cambist("explain", order, "--data", bundle)
    assert "POST /tapi" in explained.stdout, explained.stderr
