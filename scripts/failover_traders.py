"""People who trade while processes of their venue end, and who know afterwards what must be there: for `failover_rounds.py`."""

import hashlib
import hmac
import json
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
from scripts.local_cluster import Process

from cambist.api_types.funds import SendTransfer, TransfersQuery
from cambist.api_types.orders import OrdersQuery, PlaceOrder
from cambist.api_types.problems import Code
from cambist.client import ApiProblem, Client, Credentials, calls
from cambist.client.http import BASE as NATIVE_PATH
from cambist.dialects.btce_wex import errors as btce_errors

MARKET, BASE, QUOTE = "btc_usd", "BTC", "USD"
MONEY = {BASE: "1000", QUOTE: "10000000"}
BANK = "bank"
ANSWER_SECONDS = 40.0
"""More than an edge takes to say that an outcome is unknown."""
SHARE_OF_TRANSFERS = 0.1
LULL = 0.005
"""Seconds between two requests of one person."""
REMEMBERED = 100
"""Requests that are sent again some time, to be refused."""


class Wrong(Exception):
    """What must never be: the text names it."""


class Answer(NamedTuple):
    """Somebody was told that something is done."""

    asked: float
    """When it was asked for first, s."""
    at: float
    edge: str
    """Its name."""


class Person(ABC):
    """Goes on asking until there is an answer: at one edge for as long as that gives any, then at the next one."""

    def __init__(self, name: str, first_edge: int) -> None:
        self.name = name
        self.answers: list[Answer] = []
        self.failure: Exception | None = None
        self._edges: list[Process] = []
        self._edge = first_edge

    def trade(self, edges: list[Process], ended: threading.Event) -> None:
        """Until `ended`, and then until the last request has its answer."""
        self.begin(edges)
        try:
            while not ended.is_set():
                self.request()
                time.sleep(LULL)
        except Exception as error:
            self.failure = error
        finally:
            self.end()

    @property
    def edge(self) -> int:
        """The number of the one that is asked now."""
        return self._edge % len(self._edges)

    def acknowledged(self, asked: float) -> None:
        """What was asked for then is done."""
        self.answers.append(Answer(asked, time.monotonic(), self._edges[self.edge].name))

    def elsewhere(self) -> None:
        """This edge does not answer."""
        self._edge += 1
        time.sleep(0.05)

    def begin(self, edges: list[Process]) -> None:
        self._edges = edges

    @abstractmethod
    def end(self) -> None: ...

    @abstractmethod
    def request(self) -> None:
        """Has one thing done. Wrong, or what the client raises: an answer that nobody may be given."""

    @abstractmethod
    def check(self, edges: list[Process]) -> None:
        """Whether there is what was told, and nothing else. Wrong."""


class Trader(Person):
    """Names its orders and transfers itself, so that it may send each as often as it likes."""

    def __init__(self, name: str, credentials: Credentials, side: str, first_edge: int) -> None:
        super().__init__(name, first_edge)
        self.credentials = credentials
        self.side = side
        self.orders: dict[str, str] = {}
        """Client order id to the id that the venue gave."""
        self.transfers: set[str] = set()
        self._chance = random.Random(name)

    def begin(self, edges: list[Process]) -> None:
        super().begin(edges)
        self._clients = [Client(f"http://127.0.0.1:{edge.port}", self.credentials, ANSWER_SECONDS) for edge in edges]

    def end(self) -> None:
        for client in self._clients:
            client.close()

    def request(self) -> None:
        if self._chance.random() < SHARE_OF_TRANSFERS:
            key = f"{self.name}-t{len(self.transfers)}"
            transfer = calls.send_transfer(SendTransfer(asset=QUOTE, amount="1", receiver=BANK))
            self._insist(lambda client: client.send(transfer, idempotency_key=key).id)
            self.transfers.add(key)
        else:
            name = f"{self.name}-o{len(self.orders)}"
            self.orders[name] = self._insist(lambda client: placed(client, self.side, name))

    def _insist(self, ask: Callable[[Client], str]) -> str:
        asked = time.monotonic()
        while True:
            try:
                answer = ask(self._clients[self.edge])
                self.acknowledged(asked)
                return answer
            except httpx.TransportError:
                pass
            except ApiProblem as problem:
                if not (problem.problem.retryable or problem.problem.code == Code.OUTCOME_UNKNOWN):
                    raise
            self.elsewhere()

    def check(self, edges: list[Process]) -> None:
        with Client(f"http://127.0.0.1:{edges[self.edge].port}", self.credentials, ANSWER_SECONDS) as client:
            found = orders_of(client)
            if len(found) != len(set(found)) or dict(found) != self.orders:
                raise Wrong(f"{self.name} was told of {len(self.orders)} orders, and there are {len(found)}")
            sent = transfers_of(client)
            if sent != len(self.transfers):
                raise Wrong(f"{self.name} was told of {len(self.transfers)} transfers, and there are {sent}")


def placed(client: Client, side: str, name: str) -> str:
    """The id of the order of that name, which is placed unless it is there. What the client raises."""
    order = PlaceOrder(market=MARKET, side=side, type="limit", price="100", amount="0.01", client_order_id=name)  # type: ignore[arg-type]
    try:
        return client.send(calls.place_order(order)).id
    except ApiProblem as problem:
        if problem.problem.code != Code.CLIENT_ORDER_ID_USED:
            raise
        return client.send(calls.find_order_by_client_id(name)).id  # an answer was lost: the order is there


def orders_of(client: Client) -> list[tuple[str | None, str]]:
    """(client order id, id) of every order that the caller ever had."""
    found: list[tuple[str | None, str]] = []
    page = client.send(calls.list_orders(OrdersQuery(state="all", limit=500)))
    while True:
        found += [(order.client_order_id, order.id) for order in page.rows]
        if page.next is None:
            return found
        page = client.send(calls.list_orders(OrdersQuery(state="all", limit=500, cursor=page.next)))


def transfers_of(client: Client) -> int:
    """How many the caller sent."""
    count = 0
    page = client.send(calls.list_transfers(TransfersQuery(limit=500)))
    while True:
        count += sum(row.direction == "out" for row in page.rows)
        if page.next is None:
            return count
        page = client.send(calls.list_transfers(TransfersQuery(limit=500, cursor=page.next)))


@dataclass
class Signed:
    """A request with its nonce and its signature, to be sent as it is, as often as one likes."""

    path: str
    content: bytes
    headers: Mapping[str, str]
    places: bool
    """It places an order; otherwise it only asks."""


class Verdict(Enum):
    """What became of a request with a nonce."""

    DONE = auto()
    REFUSED = auto()
    """Its nonce had been used."""
    EXPIRED = auto()
    """It is too old to be taken, whether it was taken before or not."""


@dataclass
class Nonces(Person, ABC):
    """Signs each request once, sends it until it is done or its nonce is refused, and sends it again some time later: then it must be
    refused, whoever leads by then and whichever edge is asked.
    """

    name: str
    side: str
    lister: Credentials
    """Of the native API, to look at the orders with."""
    first_edge: int
    orders: int = 0
    """That must be there: their requests were answered, or their nonces were found used."""
    uncertain: int = 0
    """More that may be there: nobody said in time."""
    requests: int = 0
    done: deque[Signed] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def __post_init__(self) -> None:
        super().__init__(self.name, self.first_edge)
        self._chance = random.Random(self.name)

    @abstractmethod
    def sign(self, number: int) -> Signed:
        """The next request."""

    @abstractmethod
    def verdict(self, reply: httpx.Response) -> Verdict | None:
        """None: the same request is to be sent again. Wrong: nobody may be answered so."""

    def begin(self, edges: list[Process]) -> None:
        super().begin(edges)
        self._clients = [httpx.Client(base_url=f"http://127.0.0.1:{edge.port}", timeout=ANSWER_SECONDS, trust_env=False) for edge in edges]

    def end(self) -> None:
        for client in self._clients:
            client.close()

    def request(self) -> None:
        self.requests += 1
        signed = self.sign(self.requests)
        sent, verdict = self._insist(signed)
        if verdict is not Verdict.DONE and sent == 1:
            raise Wrong(f"{self.name}: a new nonce was refused")
        if verdict is Verdict.EXPIRED:
            self.uncertain += signed.places
            return
        self.orders += signed.places
        self.done.append(signed)
        self._again(self._chance.choice(self.done))

    def check(self, edges: list[Process]) -> None:
        self.begin(edges)
        try:
            for _ in edges:
                self._edge += 1
                for signed in (self.done[0], self.done[len(self.done) // 2], self.done[-1]):
                    self._again(signed)
        finally:
            self.end()
        with Client(f"http://127.0.0.1:{edges[self.edge].port}", self.lister, ANSWER_SECONDS) as client:
            found = orders_of(client)
        if not self.orders <= len(found) <= self.orders + self.uncertain:
            raise Wrong(f"{self.name} used nonces for {self.orders} orders, and there are {len(found)}")

    def _again(self, signed: Signed) -> None:
        if self._insist(signed)[1] is Verdict.DONE:
            raise Wrong(f"{self.name}: a nonce was taken twice")

    def _insist(self, signed: Signed) -> tuple[int, Verdict]:
        """How often it was sent, and what became of it."""
        sent, asked = 0, time.monotonic()
        while True:
            sent += 1
            with suppress(httpx.TransportError):
                reply = self._clients[self.edge].post(signed.path, content=signed.content, headers=signed.headers)
                verdict = self.verdict(reply)
                if verdict is Verdict.DONE:
                    self.acknowledged(asked)
                if verdict is not None:
                    return sent, verdict
            self.elsewhere()


@dataclass
class RisingNonces(Nonces):
    """By the BTC-e API, where each nonce is above the last one; reads use them up too."""

    key: str = ""
    secret: str = ""

    def sign(self, number: int) -> Signed:
        places = number % 3 > 0
        order = {"pair": MARKET, "type": self.side, "rate": "100", "amount": "0.01"}
        content = urlencode({"method": "Trade", "nonce": number, **order} if places else {"method": "getInfo", "nonce": number}).encode()
        signature = hmac.new(self.secret.encode(), content, hashlib.sha512).hexdigest()
        headers = {"Key": self.key, "Sign": signature, "Content-Type": "application/x-www-form-urlencoded"}
        return Signed("/tapi", content, headers, places)

    def verdict(self, reply: httpx.Response) -> Verdict | None:
        answer = json.loads(reply.content)
        if answer["success"] == 1:
            return Verdict.DONE
        if answer["error"].startswith("invalid nonce parameter"):
            return Verdict.REFUSED
        if answer["error"] in (btce_errors.MAINTENANCE, btce_errors.UNAVAILABLE):
            return None
        raise Wrong(f"{self.name} was told: {reply.status_code} {reply.text}")


@dataclass
class OnceOnlyNonces(Nonces):
    """By the native API, where a signature is good once, within a minute."""

    credentials: Credentials | None = None

    def sign(self, number: int) -> Signed:
        assert self.credentials is not None
        order = PlaceOrder(market=MARKET, side=self.side, type="limit", price="100", amount="0.01")  # type: ignore[arg-type]
        call = calls.place_order(order)
        path, content = NATIVE_PATH + call.path, call.content()
        signed = self.credentials.sign(call.method, path, "", content)
        headers = {f"cambist-{name}": value for name, value in signed.items()} | {"content-type": "application/json"}
        return Signed(path, content, headers, places=True)

    def verdict(self, reply: httpx.Response) -> Verdict | None:
        if reply.is_success:
            return Verdict.DONE
        problem = json.loads(reply.content)
        if problem["code"] == Code.REQUEST_REPEATED:
            return Verdict.REFUSED
        if problem["code"] == Code.TIMESTAMP_WRONG:
            return Verdict.EXPIRED
        if problem["retryable"] or problem["code"] == Code.OUTCOME_UNKNOWN:
            return None
        raise Wrong(f"{self.name} was told: {reply.status_code} {reply.text}")
