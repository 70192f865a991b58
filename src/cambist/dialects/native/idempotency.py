"""Replies that are given again to whoever repeats a request under the same Idempotency-Key.

They are kept in memory, for a day at most; an hour, as secrets can be fetched again, where they may have some. What must survive a restart
follows from the key by itself: an order's client id and a transfer's id, which the core takes once.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b

from cambist.api_types.problems import Code, Problem, problem
from cambist.dialect_kit.messages import Reply, Request
from cambist.domain.state_parts import StatePart
from cambist.domain.units import AccountId

HEADER = b"idempotency-key"
REPLAYED = (b"idempotent-replayed", b"true")
"""The field of a reply that was given before."""
HOUR = 3_600_000_000
DAY = 24 * HOUR
KEPT = 10_000
KEPT_PER_ACCOUNT = 500
LONGEST = 4_096
"""Bytes of a reply that is kept."""
_FORM = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_Kept = tuple[int, bytes, Reply | None]
"""(until when, digest of the request, its reply or None while it is at work)."""
_Saved = tuple[int, str, int, bytes, int, bytes, bytes, list[tuple[bytes, bytes]]]
"""(account, key, until when, digest, and the reply's status, body, content type and fields)."""


class RememberedReplies:
    """For the event loop's thread only."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._by_account: OrderedDict[AccountId, OrderedDict[str, _Kept]] = OrderedDict()
        """Oldest first; the accounts in the order in which they asked last."""
        self._count = 0

    def begin(self, account: AccountId, key: str, request: Request, lifetime: int) -> Reply | Problem | None:
        """The first request's reply, or why this one must not be done; None: go ahead, and `finish` it. It is kept for `lifetime` µs."""
        own = self._by_account.get(account)
        known = own.get(key) if own is not None else None
        digest = _digest(request)
        if known is not None and known[0] > self._clock():
            _, before, reply = known
            if before != digest:
                return problem(Code.IDEMPOTENCY_KEY_REUSED)
            return reply if reply is not None else problem(Code.IDEMPOTENCY_KEY_IN_USE, retry_after=1)
        self._put(account, key, (self._clock() + lifetime, digest, None))
        return None

    def finish(self, account: AccountId, key: str, reply: Reply | None) -> None:
        """Keeps the reply; None: the request was not done, and may be tried again."""
        own = self._by_account.get(account)
        known = own.get(key) if own is not None else None
        if own is None or known is None:
            return
        if reply is None or len(reply.content) > LONGEST:
            self._drop(account, own, key)
        else:
            own[key] = (known[0], known[1], reply)

    def part(self, name: str) -> StatePart[list[_Saved]]:
        """The replies as a state part; what is at work is left out."""
        return StatePart(name, list[_Saved], self._save, self._restore)

    def _save(self) -> list[_Saved]:
        return [
            (account, key, until, digest, reply.status, reply.content, reply.content_type, list(reply.headers))
            for account, own in self._by_account.items()
            for key, (until, digest, reply) in own.items()
            if reply is not None
        ]

    def _restore(self, saved: list[_Saved]) -> None:
        for account, key, until, digest, status, body, content_type, headers in saved:
            self._put(AccountId(account), key, (until, digest, Reply(status, body, content_type, tuple(headers))))

    def _put(self, account: AccountId, key: str, kept: _Kept) -> None:
        own = self._by_account.setdefault(account, OrderedDict())
        self._by_account.move_to_end(account)
        if own.pop(key, None) is not None:
            self._count -= 1
        if len(own) >= KEPT_PER_ACCOUNT:
            self._drop(account, own, next(iter(own)))
        elif self._count >= KEPT:
            idle = next(iter(self._by_account))
            self._drop(idle, self._by_account[idle], next(iter(self._by_account[idle])))
        self._by_account.setdefault(account, own)[key] = kept
        self._count += 1

    def _drop(self, account: AccountId, own: OrderedDict[str, _Kept], key: str) -> None:
        del own[key]
        self._count -= 1
        if not own:
            del self._by_account[account]


def key_of(request: Request) -> str | Problem:
    """The request's Idempotency-Key, empty when it has none."""
    sent = request.headers.get(HEADER)
    if sent is None:
        return ""
    text = sent.decode("latin-1")
    return text if _FORM.fullmatch(text) else problem(Code.IDEMPOTENCY_KEY_INVALID)


def _digest(request: Request) -> bytes:
    what = b"\n".join((request.method.encode(), request.path.encode("latin-1"), request.query, request.body))
    return blake2b(what, digest_size=16).digest()
