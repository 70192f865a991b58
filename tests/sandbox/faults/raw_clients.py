"""A sandbox process under a manual clock, and raw clients of its APIs: sockets and bytes, so that nothing mends what a fault broke."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import select
import socket
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cambist.sandbox.control_client.control import Control
from cambist.sandbox.faults.registry import Firing
from tests.support import websocket_frames as frames
from tests.support.processes import Running
from tests.support.waiting import PATIENCE, wait_until

WHOLE, CLOSED, RESET = "whole", "closed", "reset"
"""How an exchange ended: with a whole reply, with the connection's end before that, with its reset."""


@dataclass(frozen=True)
class Answer:
    """What came back: as much of it as came."""

    ended: str
    data: bytes = b""

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    @property
    def fields(self) -> dict[str, str]:
        lines = (line.partition(":") for line in self.head.decode().splitlines()[1:])
        return {name.lower(): value.strip() for name, _, value in lines}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """A request on a connection of its own."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.sendall(request)

    @property
    def silent(self) -> bool:
        """Whether nothing has come by now, not even an end."""
        return not select.select([self.socket], [], [], 0)[0]

    def answer(self) -> Answer:
        """Reads until the reply is whole, or the connection ends."""
        data = b""
        with self.socket:
            while not _is_whole(data):
                try:
                    more = self.socket.recv(65_536)
                except ConnectionResetError:
                    return Answer(RESET, data)
                if not more:
                    return Answer(CLOSED, data)
                data += more
        return Answer(WHOLE, data)


def _is_whole(data: bytes) -> bool:
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return False
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(lengths) and len(body) >= lengths[0]


@dataclass(frozen=True)
class Ask:
    """A request before it is sent."""

    method: str
    path: str
    body: bytes = b""
    fields: dict[str, str] = field(default_factory=dict)

    def bytes(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: bot", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.fields.items()]
        return "\r\n".join((*lines, "", "")).encode() + self.body


class Sandbox:
    """The control API of a running sandbox, and raw requests to it."""

    def __init__(self, running: Running) -> None:
        self.port = running.port
        self.client = Control(running.url)
        self.users = {user["name"]: user for user in running.ready["users"]}
        self._numbers = 0

    def number(self) -> int:
        """Higher each time: for nonces and ids."""
        self._numbers += 1
        return self._numbers

    def control(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        answer = self.send(Ask(method, f"/sandbox/{path}", sent, {"Content-Type": "application/json"})).answer()
        assert answer.status == status, answer
        return answer.json

    def send(self, ask: Ask) -> Exchange:
        return self.send_raw(ask.bytes())

    def send_raw(self, request: bytes) -> Exchange:
        return Exchange(self.port, request)

    def arm(self, kind: str, **fields: Any) -> str:
        """The id of the fault."""
        return self.client.arm_fault(kind, **fields).id

    def disarm(self, fault: str = "") -> None:
        """One fault, or all."""
        if fault:
            self.client.disarm_fault(fault)
        else:
            self.client.disarm_faults()

    def fired(self, fault: str) -> list[Firing]:
        return [firing for firing in self.client.faults().fired if firing.fault == fault]

    def wait_until_fired(self, fault: str, times: int = 1) -> None:
        wait_until(lambda: len(self.fired(fault)) >= times)

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance": seconds})

    @property
    def now(self) -> int:
        """µs by its clock."""
        return int(self.control("GET", "clock")["micros"])


class Api(ABC):
    """One dialect over HTTP, for one user. `public`: a read without a key; `balance`: a signed read; `order`: a buy that rests, of a
    size that nobody else uses, as a signed request; `orders`: the signed request for open orders."""

    dialect = ""

    def __init__(self, sandbox: Sandbox, user: str = "alice") -> None:
        self.sandbox = sandbox
        self.keys = sandbox.users[user]["keys"]

    @abstractmethod
    def public(self) -> Ask: ...

    @abstractmethod
    def balance(self) -> Ask: ...

    @abstractmethod
    def order(self, amount: str = "0.1", price: str = "100", side: str = "buy") -> Ask: ...

    @abstractmethod
    def orders(self) -> Ask: ...

    @abstractmethod
    def open_orders(self) -> list[Any]: ...

    @abstractmethod
    def cancel(self, order: Any) -> Ask: ...

    def ask(self, ask: Ask) -> Answer:
        """Sends it, and waits for what comes."""
        return self.sandbox.send(ask).answer()


class Btce(Api):
    dialect = "btce_wex"

    def signing(self, method: str, **fields: object) -> Ask:
        key = self.keys["btce"]
        body = urlencode({"method": method, "nonce": self.sandbox.number(), **fields}).encode()
        sign = hmac.new(key["secret"].encode(), body, hashlib.sha512).hexdigest()
        return Ask("POST", "/tapi", body, {"Key": key["key"], "Sign": sign})

    def public(self) -> Ask:
        return Ask("GET", "/api/3/ticker/btc_usd")

    def balance(self) -> Ask:
        return self.signing("getInfo")

    def order(self, amount: str = "0.1", price: str = "100", side: str = "buy") -> Ask:
        return self.signing("Trade", pair="btc_usd", type=side, rate=price, amount=amount)

    def orders(self) -> Ask:
        return self.signing("ActiveOrders")

    def open_orders(self) -> list[Any]:
        return list(self.ask(self.orders()).json.get("return", {}))

    def cancel(self, order: Any) -> Ask:
        return self.signing("CancelOrder", order_id=order)

    def cancelling(self, orders: list[str]) -> Ask:
        """Several orders at once."""
        return self.signing("CancelOrders", order_id=",".join(orders))

    def cancel_all(self) -> None:
        """The orders that came by other APIs too."""
        orders = self.open_orders()
        if orders:
            self.ask(self.cancelling(orders))


class Btse(Api):
    dialect = "btse"

    def signing(self, method: str, path: str, query: str = "", **fields: object) -> Ask:
        key = self.keys["btse"]
        body = json.dumps(fields).encode() if fields else b""
        nonce = str(self.sandbox.now // 1_000)
        sign = hmac.new(key["secret"].encode(), path.encode() + nonce.encode() + body, hashlib.sha384).hexdigest()
        names = {"request-api": key["key"], "request-nonce": nonce, "request-sign": sign, "Content-Type": "application/json"}
        return Ask(method, path + query, body, names)

    def public(self) -> Ask:
        return Ask("GET", "/spot/api/v3.2/price?symbol=BTC-USD")

    def balance(self) -> Ask:
        return self.signing("GET", "/spot/api/v3.2/user/wallet")

    def order(self, amount: str = "0.1", price: str = "100", side: str = "buy", tag: str = "") -> Ask:
        tag = tag or f"own-{self.sandbox.number()}"
        fields = {"symbol": "BTC-USD", "size": amount, "price": price, "side": side.upper(), "type": "LIMIT", "clOrderID": tag}
        return self.signing("POST", "/spot/api/v3.2/order", **fields)

    def orders(self) -> Ask:
        return self.signing("GET", "/spot/api/v3.2/user/open_orders", "?symbol=BTC-USD")

    def open_orders(self) -> list[Any]:
        return [row["orderID"] for row in self.ask(self.orders()).json]

    def cancel(self, order: Any) -> Ask:
        return self.signing("DELETE", "/spot/api/v3.2/order", f"?symbol=BTC-USD&orderID={order}")


class Expie(Api):
    dialect = "expie"

    def signing(self, method: str, path: str, **fields: object) -> Ask:
        body = json.dumps(fields).encode() if fields else b""
        names = {"Authorization": f"Bearer {self.keys['expie']['token']}", "Content-Type": "application/json"}
        return Ask(method, path, body, names)

    def read(self, path: str) -> Ask:
        """Any signed read."""
        return self.signing("GET", path)

    def public(self) -> Ask:
        return Ask("GET", "/v1/markets/BTCUSD/ticker")

    def balance(self) -> Ask:
        return self.signing("GET", "/v1/balance/summary")

    def order(self, amount: str = "0.1", price: str = "100", side: str = "buy") -> Ask:
        return self.signing("POST", "/v1/markets/BTCUSD/orders", side=2 if side == "buy" else 1, price=price, amount=amount)

    def orders(self) -> Ask:
        return self.signing("GET", "/v1/markets/BTCUSD/orders/_pending")

    def open_orders(self) -> list[Any]:
        return [row["id"] for row in self.ask(self.orders()).json["records"]]

    def cancel(self, order: Any) -> Ask:
        return self.signing("POST", f"/v1/markets/BTCUSD/orders/{order}/_cancel")


class Mtgox(Api):
    dialect = "mtgox"

    def signing(self, path: str, **fields: object) -> Ask:
        return self._signed(path, {"nonce": self.sandbox.number(), **fields})

    def with_tonce(self, path: str, tonce: int) -> Ask:
        """A time instead of a nonce."""
        return self._signed(path, {"tonce": tonce})

    def _signed(self, path: str, fields: dict[str, object]) -> Ask:
        key, body = self.keys["mtgox"], urlencode(fields).encode()
        sign = base64.b64encode(hmac.digest(base64.b64decode(key["secret"]), body, "sha512")).decode()
        return Ask("POST", path, body, {"Rest-Key": key["key"], "Rest-Sign": sign})

    def public(self) -> Ask:
        return Ask("GET", "/api/1/BTCUSD/ticker")

    def balance(self) -> Ask:
        return self.signing("/api/1/generic/private/info")

    def order(self, amount: str = "0.1", price: str = "100", side: str = "buy") -> Ask:
        return self.signing("/api/1/BTCUSD/order/add", type="bid" if side == "buy" else "ask", amount=amount, price=price)

    def orders(self) -> Ask:
        return self.signing("/api/1/generic/private/orders")

    def open_orders(self) -> list[Any]:
        return [row["oid"] for row in self.ask(self.orders()).json["return"]]

    def cancel(self, order: Any) -> Ask:
        return self.signing("/api/1/generic/private/order/cancel", oid=order)


DONE = (200, 201)
"""Statuses of replies to what was carried out: the native API's to what it made is the second."""


class Native(Api):
    dialect = "native"

    def signing(self, method: str, path: str, query: str = "", **fields: object) -> Ask:
        key, body = self.keys["native"], json.dumps(fields).encode() if fields else b""
        timestamp = str(self.sandbox.now + self.sandbox.number())
        signed = b"\n".join((timestamp.encode(), method.encode(), path.encode(), query.encode(), body))
        sign = hmac.new(key["secret"].encode(), signed, hashlib.sha256).hexdigest()
        names = {"cambist-key": key["key"], "cambist-timestamp": timestamp, "cambist-signature": sign, "Content-Type": "application/json"}
        return Ask(method, f"{path}?{query}" if query else path, body, names)

    def public(self) -> Ask:
        return Ask("GET", "/cambist/v1/markets/btc_usd/ticker")

    def balance(self) -> Ask:
        return self.signing("GET", "/cambist/v1/balances")

    def order(self, amount: str = "0.1", price: str = "100", side: str = "buy") -> Ask:
        return self.signing("POST", "/cambist/v1/orders", market="btc_usd", side=side, type="limit", price=price, amount=amount)

    def orders(self) -> Ask:
        return self.signing("GET", "/cambist/v1/orders", "state=open&market=btc_usd&limit=500")

    def open_orders(self) -> list[Any]:
        return [row["id"] for row in self.ask(self.orders()).json["rows"]]

    def cancel(self, order: Any) -> Ask:
        return self.signing("DELETE", f"/cambist/v1/orders/{order}")


APIS: dict[str, Any] = {api.dialect: api for api in (Btce, Btse, Expie, Mtgox, Native)}
"""By dialect; classes derived from Api."""


class Wire:
    """A client on a socket of the sandbox, message by message."""

    def __init__(self, sandbox: Sandbox, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", sandbox.port), PATIENCE)
        self.socket.sendall(frames.handshake(path))
        self._data = b""
        while b"\r\n\r\n" not in self._data:
            more = self.socket.recv(65_536)
            assert more, self._data
            self._data += more
        self.head, _, self._data = self._data.partition(b"\r\n\r\n")

    def send(self, *messages: str) -> None:
        self.socket.sendall(b"".join(map(frames.text, messages)))

    def ping(self) -> None:
        self.socket.sendall(frames.frame(frames.PING, b"are you there"))

    def frame(self) -> frames.Frame:
        """The next one. EOFError when the connection ends first, ConnectionResetError when it is reset."""
        while True:
            found, self._data = frames.parse(self._data)
            if found is not None:
                return found
            more = self.socket.recv(65_536)
            if not more:
                raise EOFError(self._data)
            self._data += more

    def says(self) -> str:
        """The next text message."""
        frame = self.frame()
        assert frame.opcode == frames.TEXT, frame
        return frame.payload.decode()

    def until(self, wanted: Callable[[str], bool]) -> str:
        """The next text message that is wanted."""
        while True:
            message = self.says()
            if wanted(message):
                return message

    def so_far(self) -> list[str]:
        """The text messages that have come by now."""
        while select.select([self.socket], [], [], 0)[0]:
            more = self.socket.recv(65_536)
            assert more, "the connection ended"
            self._data += more
        found: list[str] = []
        while True:
            frame, self._data = frames.parse(self._data)
            if frame is None:
                return found
            found.append(frame.payload.decode())

    @property
    def left(self) -> bytes:
        """What came and is no whole message yet."""
        return self._data

    @property
    def silent(self) -> bool:
        """Whether nothing more has come by now."""
        return not self._data and not select.select([self.socket], [], [], 0)[0]

    def close(self) -> None:
        self.socket.close()


def sealed(key: dict[str, str], call: dict[str, Any]) -> str:
    """A signed call of Mt.Gox's stream."""
    body = json.dumps(call).encode()
    sign = hmac.digest(base64.b64decode(key["secret"]), body, "sha512")
    return base64.b64encode(uuid.UUID(key["key"]).bytes + sign + body).decode()
