"""One account's requests, and what everybody was shown of the markets, out of the request log."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from cambist.dialect_kit.reply_reading import Answer, ClientRejection, ReplyReader
from cambist.sandbox.control.routes import DIALECT as CONTROL
from cambist.sandbox.request_log import Exchange, Record, SocketMessage

REPLIED = "replied"
OPENED, RECEIVED, SENT, CLOSED = "opened", "received", "sent", "closed"


class Requests:
    """`own`: the account's exchanges; `messages`: its sockets' ones, and strangers' where nobody else asks anything; in order."""

    def __init__(self, records: Sequence[Record], account: int, readers: Mapping[str, ReplyReader]) -> None:
        self._readers = readers
        self.account = account
        sockets = _sockets_of(records, account)
        self.own: list[Exchange] = []
        self.messages: list[SocketMessage] = []
        for record in records:
            if record.dialect == CONTROL:
                continue
            if isinstance(record, Exchange):
                if record.account == account:
                    self.own.append(record)
            elif record.socket in sockets:
                self.messages.append(record)
        clients = {record.client for record in self.own}
        strangers = {record.client for record in records if isinstance(record, Exchange) and record.account not in (None, account)}
        self.exchanges = [
            record
            for record in records
            if isinstance(record, Exchange)
            and record.dialect != CONTROL
            and (record.account == account or (record.account is None and record.client in clients - strangers))
        ]
        """Its own, and public ones from an address from which no other account asks anything."""
        self.all: list[Record] = sorted([*self.own, *self.messages], key=_number)
        """Its exchanges and its sockets' messages."""
        self._commanding = sorted((record for record in self.all if record.last_seq > record.first_seq), key=lambda record: record.last_seq)
        self._last_seqs = [record.last_seq for record in self._commanding]
        self._shown = [record for record in records if record.dialect != CONTROL and came(record) and _may_show_prices(record, clients)]
        self._prices: dict[tuple[bytes, ...], list[Record]] = {}
        self._rejections: dict[int, ClientRejection | None] = {}

    @property
    def count(self) -> int:
        """Exchanges, and messages from the account."""
        return len(self.own) + sum(message.direction == RECEIVED for message in self.messages)

    def of_seq(self, seq: int) -> Record | None:
        """The record whose handler gave that command; None when it is not known (any more)."""
        place = bisect_left(self._last_seqs, seq)
        if place == len(self._commanding):
            return None
        record = self._commanding[place]
        return record if record.first_seq < seq else None

    def numbers_of(self, seqs: Iterable[int]) -> list[int]:
        """The numbers of the records that gave these commands, as far as they are known."""
        return [record.number for record in map(self.of_seq, seqs) if record is not None]

    def answer(self, record: Record) -> Answer:
        """A reply, or a message that was sent, as a reader takes it."""
        if isinstance(record, Exchange):
            return Answer(record.path, record.query, record.body, record.status, record.reply)
        return Answer("", b"", b"", 200, _json(record.data))

    def reader(self, dialect: str) -> ReplyReader | None:
        return self._readers.get(dialect)

    def rejection(self, record: Record) -> ClientRejection | None:
        """What the client was told it was not done for; of an exchange, or of a message that was sent to it."""
        if record.number not in self._rejections:
            reader = self._readers.get(record.dialect)
            self._rejections[record.number] = reader.rejection(self.answer(record)) if reader is not None and came(record) else None
        return self._rejections[record.number]

    def rejections(self) -> list[tuple[Record, ClientRejection]]:
        """All of them, in order."""
        return [(record, rejection) for record in self.all if (rejection := self.rejection(record)) is not None]

    def showed_order(self, order: int, after: int, before: int) -> bool:
        """Whether a reply or a push that names the order came to the client between two numbers of the log, neither of them counting.

        Where a dialect cannot be read, any reply counts.
        """
        for record in self._between(after, before):
            if came(record):
                reader = self._readers.get(record.dialect)
                reply = record.reply if isinstance(record, Exchange) else record.data
                if reader is None or reader.order_text(order).encode() in reply:
                    return True
        return False

    def last_prices(self, spellings: tuple[bytes, ...], before: int) -> Record | None:
        """What last came to the client that names a market, public or not, before a number of the log. None when nothing ever did.

        Who asked for public data is not known: all that was asked for from the account's addresses counts, and all that sockets sent.
        """
        if spellings not in self._prices:
            self._prices[spellings] = [record for record in self._shown if any(spelling in _about(record) for spelling in spellings)]
        named = self._prices[spellings]
        place = bisect_left(named, before, key=_number)
        return named[place - 1] if place else None

    def came_after(self, seq: int) -> bool:
        """Whether anything of the account's own came to the client that was begun after that command."""
        return any(came(record) and record.first_seq >= seq for record in self.all)

    def is_readable(self, exchange: Exchange) -> bool:
        """Whether its reply is whole: JSON, as all dialects speak it."""
        try:
            msgspec.json.decode(exchange.reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return True

    def _between(self, after: int, before: int) -> list[Record]:
        return self.all[bisect_right(self.all, after, key=_number) : bisect_left(self.all, before, key=_number)]


def _sockets_of(records: Iterable[Record], account: int) -> set[int]:
    """The sockets on which the account showed itself, and strangers' sockets where nobody else asks anything."""
    messages = [record for record in records if isinstance(record, SocketMessage)]
    known = {record.socket: record.account for record in messages if record.account is not None}
    others = {record.account for record in records} - {account, None}
    return {record.socket for record in messages if known.get(record.socket, None if others else account) == account}


def came(record: Record) -> bool:
    """Whether something came to the client: a reply, or a message."""
    return record.outcome == REPLIED if isinstance(record, Exchange) else record.direction == SENT


def _may_show_prices(record: Record, clients: set[str]) -> bool:
    """Whether the bot may have learned prices from it; what answers a private request that may place an order is no price."""
    return not isinstance(record, Exchange) or (record.client in clients and (record.account is None or record.method == "GET"))


def _about(record: Record) -> bytes:
    """What names the market of an exchange, or of a message."""
    return b"%b?%b&%b" % (record.path.encode(), record.query, record.body) if isinstance(record, Exchange) else record.data


def _number(record: Record) -> int:
    return record.number


def _json(message: bytes) -> bytes:
    """A message of a socket without what some protocols put before it."""
    begins = [place for place in (message.find(b"{"), message.find(b"[")) if place >= 0]
    return message[min(begins) :] if begins else message
