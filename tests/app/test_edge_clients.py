"""Client libraries, unmodified, in all that they do elsewhere too, through an edge whose leader is killed in the middle of it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from cambist.dialects.btce_wex import ids as wex_ids
from cambist.dialects.btse.ids import ORDER_IDS
from cambist.dialects.btse.status import BUSINESS
from cambist.dialects.mtgox import ids as mtgox_ids
from tests.cluster import conftest
from tests.support import ccxws
from tests.support.certificates import local_authority
from tests.support.clients import drive, drive_node, node_situations, situations
from tests.support.edge_sites import Site, site
from tests.support.postgresql import postgresql
from tests.support.recording_proxy import Exchanged, RecordingProxy, Request, recording_proxy
from tests.support.waiting import until

__all__ = ["postgresql", "site"]
servers = conftest.servers

MONEY = "BTC=1000,LTC=100000,USD=1000000,EUR=1000000"
CCXWS_ORDERS, CCXWS_CHECKPOINTS = 600, 3
BTC_ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"

Keys = dict[str, dict[str, str]]
Placed = Sequence[int | None]
"""Numbers of orders that were placed; None: placed, and the API gives no number."""


class Wex:
    """Whoever's order was filled at once is not told its number."""

    @staticmethod
    def places(request: Request) -> bool:
        return request.path == "/tapi" and parse_qs(request.body.decode()).get("method") == ["Trade"]

    @staticmethod
    def placed(exchanged: Exchanged) -> Placed:
        reply = json.loads(exchanged.reply)
        return [wex_ids.of_text(str(number)) if (number := reply["return"]["order_id"]) else None] if reply["success"] else []


class Btse:
    """One request may place a pair."""

    @staticmethod
    def places(request: Request) -> bool:
        return (request.method, request.path) == ("POST", "/spot/api/v3.1/order")

    @staticmethod
    def placed(exchanged: Exchanged) -> Placed:
        if exchanged.status != 200:
            return []
        return [ORDER_IDS.number(row["orderID"]) for row in json.loads(exchanged.reply) if row["status"] not in BUSINESS]


class MtGox:
    """An order that was not covered is no order of the book."""

    @staticmethod
    def places(request: Request) -> bool:
        return request.path.endswith("/private/order/add")

    @staticmethod
    def placed(exchanged: Exchanged) -> Placed:
        number = mtgox_ids.number_of(mtgox_ids.ORDER, json.loads(exchanged.reply).get("return", ""))
        return [] if number is None else [number]


class Expie:
    @staticmethod
    def places(request: Request) -> bool:
        return request.method == "POST" and request.path.endswith("/orders")

    @staticmethod
    def placed(exchanged: Exchanged) -> Placed:
        return [int(json.loads(exchanged.reply)["id"])] if exchanged.status == 200 else []


def wexapi(proxy: RecordingProxy, keys: Keys, folder: Path) -> None:
    config = {"host": "127.0.0.1", "port": proxy.port, **keys}
    assert drive("drive_wexapi.py", "wexapi", config, folder, SSL_CERT_FILE=str(folder / "certificate.pem")) == situations(
        "drive_wexapi.py"
    )


def ccxt(proxy: RecordingProxy, keys: Keys, folder: Path) -> None:
    config = {"url": proxy.url, "address": BTC_ADDRESS, "has_address": False, **keys}
    assert drive("drive_ccxt_wex.py", "ccxt-1.18", config, folder) == situations("drive_ccxt_wex.py")


def cryptoxlib(proxy: RecordingProxy, keys: Keys, folder: Path) -> None:
    assert drive("drive_cryptoxlib.py", "cryptoxlib", {"url": proxy.url, **keys}, folder) == situations("drive_cryptoxlib.py")


def mtgox(proxy: RecordingProxy, keys: Keys, folder: Path) -> None:
    assert drive_node("drive_mtgox.js", "mtgox@1.0.1", {"url": proxy.url, **keys}, folder) == node_situations("drive_mtgox.js")


def follow_with_ccxws(proxy: RecordingProxy, keys: Keys, folder: Path) -> None:
    tokens = [key["token"] for key in keys.values()]
    followed = ccxws.follow(proxy.url, tokens, CCXWS_ORDERS, CCXWS_CHECKPOINTS, folder)
    assert followed.trades > CCXWS_ORDERS / 10
    assert followed.updates + followed.snapshots > CCXWS_CHECKPOINTS


@dataclass(frozen=True)
class Client:
    """`killed_at`: the leader is killed while the order of this number is under way."""

    dialect: str
    run: Callable[[RecordingProxy, Keys, Path], None]
    api: Any
    killed_at: int
    tls: bool = False
    scopes: str = ""


CLIENTS = [
    pytest.param(Client("wex", wexapi, Wex, 3, tls=True), id="wexapi"),
    pytest.param(Client("wex", ccxt, Wex, 2, scopes="info,trade,withdraw,coupon"), id="ccxt"),
    pytest.param(Client("btse", cryptoxlib, Btse, 3), id="cryptoxlib"),
    pytest.param(Client("mtgox", mtgox, MtGox, 3), id="mtgox"),
    pytest.param(Client("expie", follow_with_ccxws, Expie, CCXWS_ORDERS // 3), id="ccxws"),
]


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_goes_on_through_an_edge_and_each_order_that_it_was_told_of_is_there_once(
    site: Site, tmp_path: Path, client: Client
) -> None:
    tls = local_authority(tmp_path) if client.tls else None
    keys = {name: site.user(name, MONEY, client.dialect, client.scopes) for name in ("alice", "bob")}
    site.second_node()
    edge = site.edge("e1", *(("--tls-cert", tls[0], "--tls-key", tls[1]) if tls else ()))
    placing: list[Request] = []

    def passed_on(request: Request) -> None:
        if client.api.places(request):
            placing.append(request)
            if len(placing) == client.killed_at:
                site.running["one"].kill()

    async with recording_proxy(edge.port, passed_on, tls) as proxy:
        await asyncio.to_thread(client.run, proxy, keys, tmp_path)
    answers = [exchanged for exchanged in proxy.exchanged if client.api.places(exchanged.request)]
    assert len(answers) == len(placing) > client.killed_at, "the leader was killed while there was more to do"
    placed = [number for exchanged in answers for number in client.api.placed(exchanged)]
    named = [number for number in placed if number is not None]
    await until(lambda: site.folded() == site.running["two"].metric("cambist_applied_seq"))
    there = site.orders()
    assert len(set(named)) == len(named)
    assert set(named) <= set(there)
    assert len(there) == len(placed), "and nothing else"
