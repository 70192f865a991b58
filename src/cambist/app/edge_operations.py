"""What operators ask for at an edge: done by the node that leads, on its own word and in its audit log.

The edge has found out who asks, as it does for every request: signature or session, scope, proof, and where a page's request came from. It
sends the operation, never the request of HTTP. Each is sent once: what became of one without an answer its operator has to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from cambist.cluster.connection import Connection
from cambist.cluster.edge import EdgeLog
from cambist.cluster.request_channel import NobodyLeads, ask
from cambist.dialect_kit.operator_requests import Run
from cambist.dialects.native.endpoints.operator import SERVED
from cambist.directory import Directory, Role
from cambist.domain.units import AccountId
from cambist.exchange import JournalStopped, OutcomeUnknown
from cambist.operations.dual_control import Approval, Awaiting
from cambist.operations.operation import Effect
from cambist.operations.registry import OPERATIONS
from cambist.operations.rejections import Kind, Rejected

_log = structlog.get_logger("cambist.app")

MOST_BYTES = 16 << 20
"""Of an answer."""
AGAIN_SECONDS = 0.1
"""Between two attempts while nobody leads."""
READ_YOUR_WRITES_SECONDS = 5.0
"""How long an answer waits for the edge to have what the leader did."""
_NOT_NOW = Rejected("unavailable", Kind.UNAVAILABLE, "The node that leads cannot take this now; the same request may work later.")


class AskedOperation(msgspec.Struct, frozen=True):
    """One operation, for whoever leads."""

    actor: str
    account: AccountId
    operation: str
    request: msgspec.Raw
    until: int
    """Nobody waits for it any longer (µs since 1970): a leader that stood still must not do then what its operator was told to look at."""


class OperationAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of it: one of these, and how far the log was then."""

    seq: int = 0
    result: msgspec.Raw = msgspec.Raw(b"null")
    awaiting: Approval | None = None
    rejected: Rejected | None = None
    leads: bool = True
    """Whether the node that was asked leads; when it does not, nothing was done."""
    outcome_known: bool = True
    disk_failed: bool = False
    """The leader's disk did not take it."""


BUSY = msgspec.json.encode(OperationAnswer(rejected=_NOT_NOW))


class OperationService:
    """The leader's side. For the venue's loop."""

    def __init__(
        self, run: Run, directory: Directory, durable_seq: Callable[[], int], wall_clock: Callable[[], int], leads: Callable[[], bool]
    ) -> None:
        """`leads`: whether this node answers requests."""
        self._run = run
        self._directory = directory
        self._durable_seq = durable_seq
        self._wall_clock = wall_clock
        self._leads = leads
        self.asked = 0
        """Operations that edges asked for."""

    async def answer(self, data: bytes) -> bytes:
        """One request's answer. Never raises."""
        encoded = msgspec.json.encode(await self._answer(data))
        if len(encoded) <= MOST_BYTES:
            return encoded
        large = Rejected("answer-too-large", Kind.REFUSED, "The answer is larger than an edge passes on: ask for fewer rows.")
        return msgspec.json.encode(OperationAnswer(rejected=large))

    async def _answer(self, data: bytes) -> OperationAnswer:
        try:
            asked = msgspec.json.decode(data, type=AskedOperation)
            operation = OPERATIONS[asked.operation] if asked.operation in SERVED else None
            request = None if operation is None else msgspec.json.decode(asked.request, type=operation.request)
        except msgspec.MsgspecError as error:
            _log.error("an edge's request cannot be read: an edge of another version", error=str(error))
            return OperationAnswer(rejected=_NOT_NOW)
        if operation is None or request is None:
            return OperationAnswer(rejected=_NOT_NOW)
        if not self._leads() or self._wall_clock() > asked.until:
            return OperationAnswer(leads=False)
        if not self._may(asked.account, operation.effect):
            return OperationAnswer(rejected=Rejected("scope-missing", Kind.REFUSED, "This is for the venue's operators."))
        self.asked += 1
        try:
            result = await self._run(asked.actor, asked.account, asked.operation, request)
        except JournalStopped:
            return OperationAnswer(outcome_known=False)
        except OSError as error:
            _log.error("an operation failed", action=asked.operation, by=asked.actor, error=str(error))
            return OperationAnswer(disk_failed=True)
        except Exception:
            _log.exception("an operation failed", action=asked.operation, by=asked.actor)
            return OperationAnswer(outcome_known=False)
        seq = self._durable_seq()
        if result is None:
            return OperationAnswer(rejected=_NOT_NOW)
        if isinstance(result, Rejected):
            return OperationAnswer(seq, rejected=result)
        if isinstance(result, Awaiting):
            return OperationAnswer(seq, awaiting=result.approval)
        return OperationAnswer(seq, result=msgspec.Raw(msgspec.json.encode(result)))

    def _may(self, account: AccountId, effect: Effect) -> bool:
        """Whether they still have the role: the edge may not have heard yet that it was taken away."""
        user = self._directory.user_by_account(account)
        if user is None or user.erased is not None or user.frozen is not None or user.role is None:
            return False
        return effect is Effect.READ or user.role is Role.OPERATOR


class OperationsElsewhere:
    """The edge's side: has the node that leads do what operators ask for here. For the edge's loop."""

    def __init__(self, connection: Connection, log: EdgeLog, wall_clock: Callable[[], int], patience: float) -> None:
        """`patience`: seconds that an answer is waited for, a take-over's pause among them."""
        self._connection = connection
        self._log = log
        self._wall_clock = wall_clock
        self._patience = patience

    async def run(self, actor: str, account: AccountId, operation: str, request: msgspec.Struct) -> Any:
        """As `dialect_kit.operator_requests.Run`, the result being its JSON. OutcomeUnknown, OSError: the leader's disk failed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        until = self._wall_clock() + int(self._patience * 1_000_000)
        data = msgspec.json.encode(AskedOperation(actor, account, operation, msgspec.Raw(msgspec.json.encode(request)), until))
        answer = OperationAnswer(leads=False)
        while not answer.leads and loop.time() < deadline:
            try:
                answer = msgspec.json.decode(await self._asked(data, deadline - loop.time()), type=OperationAnswer)
            except NobodyLeads:
                pass
            except TimeoutError:
                answer = OperationAnswer(outcome_known=False)
            if not answer.leads:
                await asyncio.sleep(AGAIN_SECONDS)
        return await self._result(answer, OPERATIONS[operation].effect)

    def _asked(self, data: bytes, within: float) -> Awaitable[bytes]:
        answer = ask(self._connection, self._log.follower.epoch, data, within)
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer, self._connection.loop))

    async def _result(self, answer: OperationAnswer, effect: Effect) -> Any:
        if not answer.leads:
            return _NOT_NOW
        if not answer.outcome_known:
            if effect is Effect.READ:
                return _NOT_NOW
            raise OutcomeUnknown
        if answer.disk_failed:
            raise OSError("the disk of the node that leads does not take this now")
        await self._log.reached(answer.seq, within=READ_YOUR_WRITES_SECONDS)
        if answer.rejected is not None:
            return answer.rejected
        return Awaiting(answer.awaiting) if answer.awaiting is not None else answer.result
