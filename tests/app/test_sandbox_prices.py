"""Prices of a sandbox that are set by hand or follow a record, and recorded trades that happen again beside the traders."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Running, serving
from tests.support.sandbox_control import ask, done
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("prices"), "sandbox", "--clock", "manual", "--preset", "calm", "--seed", "2") as started:
        yield started


@pytest.fixture(autouse=True)
def _at_its_start(running: Running) -> Iterator[None]:
    yield
    done(running, "POST", "/sandbox/reset", {})


def get(running: Running, path: str) -> Any:
    with urllib.request.urlopen(running.url + path, timeout=PATIENCE) as answer:
        return json.load(answer)


def advance(running: Running, seconds: float) -> None:
    done(running, "POST", "/sandbox/clock", {"advance": seconds})


def bid_and_ask(running: Running, market: str) -> tuple[float, float]:
    shown = done(running, "GET", f"/sandbox/prices/{market}")
    return float(shown["bid"]), float(shown["ask"])


def test_a_price_that_is_set_is_where_the_market_goes_and_others_of_the_currency_with_it(running: Running) -> None:
    euros = sum(bid_and_ask(running, "btc_eur")) / 2
    before = sum(bid_and_ask(running, "btc_usd")) / 2
    shown = done(running, "POST", "/sandbox/prices", {"market": "btc_usd", "price": "3000"})
    assert shown["fundamental"] == "3000"
    assert bid_and_ask(running, "btc_usd")[1] < 2_900, "the makers have not looked yet"
    advance(running, 20)
    bid, ask = bid_and_ask(running, "btc_usd")
    assert 2_980 < bid < ask < 3_020
    assert sum(bid_and_ask(running, "btc_eur")) / 2 == pytest.approx(euros * 3_000 / before, rel=0.01)
    assert 2_980 < get(running, "/api/3/ticker/btc_usd")["btc_usd"]["last"] < 3_020
    advance(running, 3_600)
    assert sum(bid_and_ask(running, "btc_usd")) / 2 == pytest.approx(3_000, rel=0.1), "it does not go home to the old price"


def test_the_book_moves_at_once_when_that_is_wanted(running: Running) -> None:
    shown = done(running, "POST", "/sandbox/prices", {"market": "ltc_usd", "price": "50", "book": True})
    assert 49 < float(shown["bid"]) < float(shown["ask"]) < 51
    assert done(running, "GET", "/sandbox/clock")["time"] == "2020-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ("time,price\n1500000000,2600\n1500000030,2700\n1500000060,2800\n", [(10, 2600), (40, 2700), (70, 2800)]),
        ("volume,price,time\n1,2600,1500000000000\n1,2700,1500000030000\n", [(10, 2600), (40, 2700)]),
        ("time,open,high,low,close\n2017-07-14T02:40:00Z,2600,2700,2500,2650\n2017-07-14T02:42:00Z,2650,2700,2600,2650\n",
         [(20, 2600), (50, 2500), (80, 2700), (110, 2650)]),
    ],
    ids=["trades", "other columns and milliseconds", "candles"],
)  # fmt: skip
def test_prices_follow_a_record(running: Running, rows: str, wanted: list[tuple[int, float]]) -> None:
    done(running, "POST", "/sandbox/prices/record", {"market": "btc_usd", "csv": rows})
    at = 0
    for second, price in wanted:
        advance(running, second - at)
        at = second
        assert sum(bid_and_ask(running, "btc_usd")) / 2 == pytest.approx(price, rel=0.005), second


def test_a_record_of_a_file_is_followed_faster_and_is_in_a_snapshot(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("time,price\n" + "".join(f"{1_500_000_000 + number * 60},{2_500 + number}\n" for number in range(200)))
    followed = done(running, "POST", "/sandbox/prices/record", {"market": "btc_usd", "file": str(file), "speed": 60})
    assert followed == {"market": "btc_usd", "points": 200, "seconds": 199}
    advance(running, 50)
    done(running, "POST", "/sandbox/snapshots", {"name": "midway"})
    advance(running, 100)
    expected = get(running, "/api/3/depth/btc_usd"), get(running, "/api/3/trades/btc_usd")
    assert float(done(running, "GET", "/sandbox/prices/btc_usd")["fundamental"]) == pytest.approx(2_650, abs=1.5)
    done(running, "POST", "/sandbox/snapshots/midway/restore", {})
    advance(running, 100)
    assert (get(running, "/api/3/depth/btc_usd"), get(running, "/api/3/trades/btc_usd")) == expected


TAPE = "time,price,amount,side\n1500000000,2600.5,0.25,buy\n1500000001.5,2600.5,0.125,sell\n1500000020,2400,0.0625,sell\n"


def test_a_tape_s_trades_happen_in_its_order_with_its_sides_beside_the_traders(running: Running) -> None:
    done(running, "POST", "/sandbox/prices", {"market": "btc_usd", "price": "2600.5", "book": True})
    assert done(running, "POST", "/sandbox/tape", {"market": "btc_usd", "csv": TAPE}) == {"left": 3}
    advance(running, 5)
    assert done(running, "GET", "/sandbox/tape") == {"left": 1}
    done(running, "POST", "/sandbox/snapshots", {"name": "tape"})
    for _ in range(2):
        advance(running, 30)
        assert done(running, "GET", "/sandbox/tape") == {"left": 0}
        amounts = {trade["amount"] for trade in get(running, "/api/3/trades/btc_usd?limit=500")["btc_usd"]}
        assert len(amounts) > 10, "the traders trade too"
        trades = get(running, "/api/3/trades/btc_usd?limit=500")
        done(running, "POST", "/sandbox/snapshots/tape/restore", {})
        advance(running, 30)
        assert get(running, "/api/3/trades/btc_usd?limit=500") == trades
        done(running, "POST", "/sandbox/snapshots/tape/restore", {})
    assert done(running, "DELETE", "/sandbox/tape", {}) == {"left": 0}


def test_a_quiet_market_has_the_tape_s_trades_and_no_others(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet", "--clock", "manual") as quiet:
        done(quiet, "POST", "/sandbox/tape", {"market": "btc_usd", "csv": TAPE, "speed": 2})
        advance(quiet, 60)
        found = get(quiet, "/api/3/trades/btc_usd")["btc_usd"]
        assert [(trade["type"], trade["price"], trade["amount"]) for trade in reversed(found)] == [
            ("bid", 2600.5, 0.25),
            ("ask", 2600.5, 0.125),
            ("ask", 2400, 0.0625),
        ]
        assert found[0]["timestamp"] - found[-1]["timestamp"] == 10
        assert get(quiet, "/api/3/depth/btc_usd")["btc_usd"] == {"asks": [], "bids": []}
        status, said = ask(quiet, "POST", "/sandbox/prices", {"market": "btc_usd", "price": "2000"})
        assert (status, "nobody makes a market in btc_usd" in said["error"]) == (409, True)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("prices", {"market": "btc_usd", "price": "0"}, 400, "price: btc_usd takes"),
        ("prices", {"market": "btc_usd", "price": "-1"}, 400, "price"),
        ("prices", {"market": "btc_usd", "price": "lots"}, 400, "price"),
        ("prices", {"market": "btc_usd", "price": "99999999999"}, 400, "price: btc_usd takes"),
        ("prices", {"market": "btc_xyz", "price": "1"}, 404, "there is no market btc_xyz"),
        ("prices", {"market": "../btc", "price": "1"}, 404, "there is no market"),
        ("prices/record", {"market": "btc_usd"}, 400, "give one of csv and file"),
        ("prices/record", {"market": "btc_usd", "csv": "x", "file": "/etc/hosts"}, 400, "give one of csv and file"),
        ("prices/record", {"market": "btc_usd", "file": "hosts"}, 400, "file:"),
        ("prices/record", {"market": "btc_usd", "file": "/nowhere/at/all.csv"}, 400, "file: it cannot be read"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price"}, 400, "no header with rows"),
        ("prices/record", {"market": "btc_usd", "csv": "when,price\n1,2\n"}, 400, "line 1: there is no column time"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000000,2600\n1500000001,garbage\n"}, 400, "line 3: price is no"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000000,2600\nnoon,2600\n"}, 400, "line 3: time is no time"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000000,2600\n1500000001\n"}, 400, "line 3: there is no price"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000000,0\n"}, 400, "line 2: price is no number above zero"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000000,nan\n"}, 400, "line 2: price is no number above zero"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000001,2600\n\n1500000000,2600\n"}, 400, "line 4: time goes back"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000000,1e30\n"}, 400, "prices that btc_usd does not take"),
        ("prices/record", {"market": "btc_usd", "csv": "time,price\n1500000000,2600\n", "speed": 0}, 400, "speed"),
        ("tape", {"market": "btc_usd", "csv": "time,price,amount\n1500000000,2600,0\n"}, 400, "line 2: amount is no number above zero"),
        ("tape", {"market": "btc_usd", "csv": "time,price,amount,side\n1500000000,2600,1,up\n"}, 400, "line 2: side is buy or sell"),
        ("tape", {"market": "btc_usd", "csv": "time,price,amount\n1500000000,2600,0.0000000001\n"}, 400, "line 2: amount"),
        ("tape", {"market": "btc_usd", "csv": "time,price,amount\n1500000000,2600,1\n1500000000,9999999,1\n"}, 400, "trade 2: btc_usd"),
        ("tape", {"market": "no_market", "csv": "x"}, 404, "there is no market no_market"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(running: Running, path: str, body: Any, status: int, words: str) -> None:
    before = done(running, "GET", "/sandbox/prices/btc_usd"), done(running, "GET", "/sandbox/tape")
    answered, said = ask(running, "POST", f"/sandbox/{path}", body)
    assert (answered, words in said["error"]) == (status, True), said
    assert (done(running, "GET", "/sandbox/prices/btc_usd"), done(running, "GET", "/sandbox/tape")) == before
