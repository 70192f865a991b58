"""A long session of bots on all dialects, byte by byte the same requests each time, and every byte that they are sent.

Three connections for requests (one of them for the control API), and a socket for each way in which a dialect speaks on one. One thing is
asked after the other: a request when the reply to the one before is there, a message on a socket likewise.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import selectors
import socket
import uuid
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.support import websocket_frames
from tests.support.waiting import PATIENCE

HOST = "127.0.0.1"
Credentials = Mapping[str, str]


class Line:
    """A connection, and everything that came on it."""

    def __init__(self, port: int, session: Session) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self.read = 0
        self.session = session
        session.lines.append(self)
        session.selector.register(self.socket, selectors.EVENT_READ, self)

    def receive(self) -> bool:
        """Takes what is there; False at the end."""
        data = self.socket.recv(1 << 20)
        self.received += data
        if not data:
            self.session.selector.unregister(self.socket)
        return bool(data)

    def ask(self, method: str, path: str, body: bytes = b"", **fields: str) -> bytes:
        """The body of the reply to one request."""
        fields = {"Host": "sandbox.test", "User_Agent": "bot"} | fields
        lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        self.session.asked += 1
        while (reply := self._reply()) is None:
            self.session.pump()
        return reply

    def _reply(self) -> bytes | None:
        data = bytes(self.received[self.read :])
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            return None
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if b"transfer-encoding" in fields:
            end = rest.find(b"\r\n0\r\n\r\n")
            if end < 0:
                return None
            self.read += len(head) + 4 + end + 7
            return rest.partition(b"\r\n")[2][: end - len(rest.partition(b"\r\n")[0]) - 2]
        size = int(fields[b"content-length"])
        if len(rest) < size:
            return None
        self.read += len(head) + 4 + size
        return rest[:size]


class Wire(Line):
    """A socket. `frames` are the messages that came, as text."""

    def __init__(self, port: int, session: Session, path: str) -> None:
        super().__init__(port, session)
        self.socket.sendall(websocket_frames.handshake(path))
        while b"\r\n\r\n" not in self.received:
            session.pump()
        self.read = self.received.index(b"\r\n\r\n") + 4

    def say(self, message: dict[str, Any] | str, until: str) -> str:
        """Sends one message; the first one after it with `until` in it."""
        self.socket.sendall(websocket_frames.text(message if isinstance(message, str) else json.dumps(message)))
        self.session.asked += 1
        return self.hear(until)

    def hear(self, until: str) -> str:
        """The next message with `until` in it."""
        while True:
            frame, _ = websocket_frames.parse(bytes(self.received[self.read :]))
            if frame is None:
                self.session.pump()
                continue
            self.read += len(self.received[self.read :]) - len(_)
            text = frame.payload.decode("utf-8", "replace")
            if until in text:
                return text

    def close(self) -> None:
        """The closing handshake, to the end of the connection."""
        self.socket.sendall(websocket_frames.closing())
        while self.receive():
            pass


class Session:
    """What is asked follows from `choice`, the requests' own random numbers, and from the replies."""

    def __init__(self, ready: dict[str, Any], choice: int = 7) -> None:
        self.port = int(ready["url"].rpartition(":")[2])
        self.selector = selectors.DefaultSelector()
        self.lines: list[Line] = []
        self.asked = 0
        self.random = Random(choice)
        self.keys: dict[str, dict[str, Credentials]] = {user["name"]: user["keys"] for user in ready["users"]}
        self.nonce = 1_000
        self.now = 0
        self.control, self.first, self.second = (Line(self.port, self) for _ in range(3))
        self.orders: dict[str, list[str]] = {"btce": [], "expie": [], "mtgox": [], "btse": []}
        self.sockets: list[Wire] = []
        self.signatures: set[str] = set()
        """All that were ever sent in a header field."""

    def pump(self) -> None:
        """Takes what has come on any line."""
        for key, _ in self.selector.select(PATIENCE):
            key.data.receive()

    # --- the dialects -----------------------------------------------------------------------------------------------------

    def next_nonce(self) -> int:
        self.nonce += 1
        return self.nonce

    def btce(self, user: str, method: str, **fields: object) -> Any:
        key = self.keys[user]["wex"]
        form = "&".join(f"{name}={value}" for name, value in {"method": method, "nonce": self.next_nonce(), **fields}.items()).encode()
        sign = hmac.new(key["secret"].encode(), form, "sha512").hexdigest()
        self.signatures.add(sign)
        answer = self.first.ask("POST", "/tapi", form, Key=key["key"], Sign=sign)
        return json.loads(answer) if answer.startswith(b"{") else {"success": 0}

    def expie(self, user: str, method: str, path: str, **fields: object) -> Any:
        body = json.dumps(fields).encode() if fields else b""
        line = self.first if self.random.random() < 0.5 else self.second
        fields_sent = {"Authorization": f"Bearer {self.keys[user]['expie']['token']}", "Content_Type": "application/json"}
        return json.loads(line.ask(method, f"/v1/{path}", body, **fields_sent))

    def mtgox(self, user: str, path: str, **fields: object) -> Any:
        key = self.keys[user]["mtgox"]
        body = "&".join(f"{name}={value}" for name, value in {"nonce": self.next_nonce(), **fields}.items()).encode()
        sign = base64.b64encode(hmac.digest(base64.b64decode(key["secret"]), path.encode() + b"\0" + body, "sha512")).decode()
        self.signatures.add(sign)
        return json.loads(self.second.ask("POST", f"/api/2/{path}", body, Rest_Key=key["key"], Rest_Sign=sign))

    def btse(self, user: str, method: str, path: str, query: str = "", **fields: object) -> Any:
        key = self.keys[user]["btse"]
        body = json.dumps(fields).encode() if fields else b""
        nonce = str(self.now // 1_000 + self.next_nonce() - 1_000)
        sign = hmac.new(key["secret"].encode(), path.encode() + nonce.encode() + body, hashlib.sha384).hexdigest()
        self.signatures.add(sign)
        sent = {"request_api": key["key"], "request_nonce": nonce, "request_sign": sign, "Content_Type": "application/json"}
        return json.loads(self.second.ask(method, path + query, body, **sent))

    def native(self, user: str, method: str, path: str, query: str = "", **fields: object) -> Any:
        key = self.keys[user]["native"]
        path, body = f"/cambist/v1{path}", json.dumps(fields).encode() if fields else b""
        timestamp = str(self.now + self.next_nonce())
        message = "\n".join((timestamp, method, path, query, "")).encode() + body
        sign = hmac.new(key["secret"].encode(), message, hashlib.sha256).hexdigest()
        self.signatures.add(sign)
        sent = {"cambist_key": key["key"], "cambist_timestamp": timestamp, "cambist_signature": sign, "Content_Type": "application/json"}
        return json.loads(self.first.ask(method, path + ("?" + query if query else ""), body, **sent))

    def call(self, user: str, name: str, **params: object) -> str:
        """`op: call` of Mt.Gox's stream."""
        key, number = self.keys[user]["mtgox"], str(self.next_nonce())
        text = json.dumps({"id": number, "call": name, "nonce": int(number), "item": "BTC", "currency": "USD", "params": params}).encode()
        sign = hmac.digest(base64.b64decode(key["secret"]), text, "sha512")
        sealed = base64.b64encode(uuid.UUID(key["key"]).bytes + sign + text).decode()
        return self.sockets[1].say({"op": "call", "id": number, "call": sealed}, f'"id":"{number}"')

    # --- the session ------------------------------------------------------------------------------------------------------

    def tell(self, path: str, content: dict[str, object]) -> Any:
        """Asks the control API for something that changes the sandbox."""
        head = {"Host": "127.0.0.1", "Content_Type": "application/json"}
        return json.loads(self.control.ask("POST", path, json.dumps(content).encode(), **head))

    def clock(self, **movement: object) -> None:
        """Moves the clock."""
        self.now = self.tell("/sandbox/clock", movement)["micros"]

    def open_sockets(self) -> None:
        alice, bob = self.keys["alice"], self.keys["bob"]
        expie = Wire(self.port, self, "/ws")
        self.sockets.append(expie)
        for number, (method, params) in enumerate(
            [
                ("server.auth", [alice["expie"]["token"], "bot"]),
                ("deals.subscribe", ["BTCUSD"]),
                ("depth.subscribe", ["BTCUSD", 10, "0"]),
                ("order.subscribe", ["BTCUSD"]),
                ("asset.subscribe", ["BTC", "USD"]),
                ("state.subscribe", ["BTCUSD"]),
                ("kline.subscribe", ["BTCUSD", 60]),
            ]
        ):
            expie.say({"method": method, "params": params, "id": number + 1}, f'"id":{number + 1}}}')
        self.sockets.append(Wire(self.port, self, "/mtgox?Channel=ticker.BTCUSD/trades/depth.BTCUSD"))
        id_key = self.mtgox("alice", "money/idkey")["data"]
        self.sockets[1].say({"op": "mtgox.subscribe", "key": id_key}, '"op":"subscribe"')
        sid = self.first.ask("GET", "/socket.io/1?Currency=USD").partition(b":")[0].decode()
        old = Wire(self.port, self, f"/socket.io/1/websocket/{sid}")
        old.say("1::/mtgox", "1::/mtgox")
        self.sockets.append(old)
        btse = Wire(self.port, self, "/ws/spot")
        nonce = str(self.now // 1_000)
        sign = hmac.new(bob["btse"]["secret"].encode(), b"/ws/spot" + nonce.encode(), hashlib.sha384).hexdigest()
        btse.say({"op": "authKeyExpires", "args": [bob["btse"]["key"], nonce, sign]}, '"success":true')
        btse.say(
            {"op": "subscribe", "args": ["notificationApiV2", "fills", "tradeHistoryApi:BTC-USD", "orderBookL2Api:BTC-USD_5"]}, "subscribe"
        )
        self.sockets.append(btse)
        book = Wire(self.port, self, "/ws/oss/spot")
        book.say({"op": "subscribe", "args": ["update:BTC-USD_0", "snapshotL1:BTC-USD"]}, "subscribe")
        self.sockets.append(book)
        key, timestamp = bob["native"], str(self.now)
        message = f"{timestamp}\nGET\n/cambist/v1/stream\n\n".encode()
        sign = hmac.new(key["secret"].encode(), message, hashlib.sha256).hexdigest()
        self.signatures.add(sign)
        stream = Wire(self.port, self, "/cambist/v1/stream")
        stream.say({"op": "login", "id": "1", "key": key["key"], "timestamp": timestamp, "signature": sign}, '"id":"1"')
        topics = ["book:btc_usd:50", "trades:btc_usd", "candles:btc_usd:60", "orders", "fills", "balances"]
        stream.say({"op": "subscribe", "id": "2", "topics": topics}, '"id":"2"')
        self.sockets.append(stream)

    def step(self) -> None:
        """One of what bots do."""
        self.random.choice(self._steps())()

    def _steps(self) -> list[Callable[[], object]]:
        pick = self.random
        user = pick.choice(["alice", "bob"])
        price = 100 + pick.randrange(1, 900) / 100
        amount = pick.randrange(10, 500) / 1000
        side = pick.choice(["buy", "sell"])
        now = self.now // 1_000_000
        far = price if side == "buy" else price * 1_000
        return [
            lambda: self.first.ask("GET", "/api/3/ticker/btc_usd-ltc_usd"),
            lambda: self.first.ask("GET", f"/api/3/depth/btc_usd?limit={pick.randrange(1, 300)}"),
            lambda: self.first.ask("GET", f"/api/3/trades/btc_usd?limit={pick.randrange(1, 3000)}"),
            lambda: self.first.ask("GET", "/api/2/btc_usd/ticker"),
            lambda: self._btce_order(user, side, far, amount),
            lambda: self._btce_order(user, pick.choice(["buy", "sell"]), 9_000_000 if side == "buy" else 0.1, amount),
            lambda: self.btce(user, "getInfo"),
            lambda: self.btce(user, "ActiveOrders"),
            lambda: self.btce(user, "TradeHistory", count=50),
            lambda: self.btce(user, "TransHistory", count=50),
            lambda: self.btce(user, "OrderInfo", order_id=pick.choice(self.orders["btce"] or ["1"])),
            lambda: self.btce(user, "CancelOrder", order_id=pick.choice(self.orders["btce"] or ["1"])),
            lambda: self.second.ask("GET", "/v1/markets/BTCUSD/depth?limit=20"),
            lambda: self.second.ask("GET", "/v1/markets/BTCUSD/ticker"),
            lambda: self._expie_order(user, side, far, amount),
            lambda: self.expie(user, "GET", "markets/BTCUSD/orders/_pending?limit=50"),
            lambda: self.expie(user, "GET", "markets/BTCUSD/orders/_finished?limit=50"),
            lambda: self.expie(user, "GET", "balance/history?coin_code=USD&limit=50"),
            lambda: self.expie(user, "POST", f"markets/BTCUSD/orders/{pick.choice(self.orders['expie'] or ['1'])}/_cancel"),
            lambda: self.sockets[0].say({"method": "deals.query", "params": ["BTCUSD", 300, 0], "id": self.next_nonce()}, '"error":null'),
            lambda: self.sockets[0].say({"method": "asset.query", "params": [], "id": self.next_nonce()}, '"error":null'),
            lambda: self.sockets[0].say(
                {"method": "kline.query", "params": ["BTCUSD", now - 86_400, now, 3600], "id": 9},
                '"id":9',
            ),
            lambda: self.second.ask("GET", "/api/2/BTCUSD/money/ticker"),
            lambda: self.second.ask("GET", "/api/2/BTCUSD/money/depth/fetch"),
            lambda: self.second.ask("GET", f"/api/1/BTCUSD/trades?since={max(self.now - pick.randrange(1, 10**9), 0)}"),
            lambda: self.mtgox(user, "money/info"),
            lambda: self._mtgox_order(user, side, far, amount),
            lambda: self.mtgox(user, "money/orders"),
            lambda: self.mtgox(user, "money/wallet/history", currency="USD"),
            lambda: self.mtgox(user, "BTCUSD/money/order/cancel", oid=pick.choice(self.orders["mtgox"] or ["1"])),
            lambda: self.call(user, "private/info"),
            lambda: self.call(
                user, "private/order/add", type="bid" if side == "buy" else "ask", amount_int=int(amount * 1e8), price_int=int(far * 1e5)
            ),
            lambda: self._btse_order(user, side, far, amount),
            lambda: self.btse(user, "GET", "/spot/api/v3.2/user/open_orders", "?symbol=BTC-USD"),
            lambda: self.btse(user, "GET", "/spot/api/v3.2/user/trade_history", "?symbol=BTC-USD&count=50"),
            lambda: self.btse(user, "GET", "/spot/api/v3.2/user/wallet"),
            lambda: self.btse(
                user, "DELETE", "/spot/api/v3.2/order", f"?symbol=BTC-USD&orderID={pick.choice(self.orders['btse'] or ['x'])}"
            ),
            lambda: self.second.ask("GET", "/spot/api/v3.2/trades?symbol=BTC-USD&count=200"),
            lambda: self.second.ask("GET", "/public-api/market/v1/klines?symbol=BTC-USD&resolution=60"),
            lambda: self.second.ask("GET", "/v1/none"),
            lambda: self.first.ask("GET", "/cambist/v1/markets/btc_usd/book?limit=50"),
            lambda: self.first.ask("GET", f"/cambist/v1/markets/btc_usd/trades?limit={pick.randrange(1, 900)}"),
            lambda: self.first.ask("GET", "/cambist/v1/tickers"),
            lambda: self.native(
                user, "POST", "/orders", market="btc_usd", side=side, type="limit", price=f"{far:.2f}", amount=f"{amount:.3f}"
            ),
            lambda: self.native(user, "GET", "/orders", "market=btc_usd"),
            lambda: self.native(user, "DELETE", "/orders", market="btc_usd"),
            lambda: self.sockets[-1].say({"op": "ping", "id": str(self.next_nonce())}, '"ping"'),
            lambda: self.clock(advance=pick.randrange(1, 400) / 1000),
        ]

    def _btce_order(self, user: str, side: str, price: float, amount: float) -> None:
        answer = self.btce(user, "Trade", pair="btc_usd", type=side, rate=f"{price:.3f}", amount=f"{amount:.3f}")
        if answer.get("success"):
            self.orders["btce"].append(str(answer["return"]["order_id"]))

    def _expie_order(self, user: str, side: str, price: float, amount: float) -> None:
        answer = self.expie(
            user, "POST", "markets/BTCUSD/orders", side=1 if side == "sell" else 2, price=f"{price:.2f}", amount=f"{amount:.3f}"
        )
        if "id" in answer:
            self.orders["expie"].append(str(answer["id"]))

    def _mtgox_order(self, user: str, side: str, price: float, amount: float) -> None:
        kind = "bid" if side == "buy" else "ask"
        answer = self.mtgox(user, "BTCUSD/money/order/add", type=kind, amount_int=int(amount * 1e8), price_int=int(price * 1e5))
        if answer["result"] == "success":
            self.orders["mtgox"].append(answer["data"])

    def _btse_order(self, user: str, side: str, price: float, amount: float) -> None:
        answer = self.btse(
            user,
            "POST",
            "/spot/api/v3.2/order",
            symbol="BTC-USD",
            size=round(amount, 3),
            price=round(price, 1),
            side=side.upper(),
            type="LIMIT",
        )
        if isinstance(answer, list) and "orderID" in answer[0]:
            self.orders["btse"].append(answer[0]["orderID"])

    def run(self, requests: int) -> list[bytes]:
        """The whole session, of so many requests; what each line brought, in order of the lines."""
        self.clock(advance=1.0)
        self.open_sockets()
        while self.asked < requests:
            self.step()
        self.clock(advance=2.0)
        for wire in self.sockets:
            wire.close()
        return [bytes(line.received) for line in self.lines]
