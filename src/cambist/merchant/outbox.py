"""Sends notices until they are acknowledged: a table of what is due, not a timer in memory."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from .service import MerchantService
from .values import Clock, Notice
from .webhook_client import Answered, WebhookClient

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a notice goes, its body, and the header fields that go with it, Content-Type among them.

    `acknowledged`: whether an answer says that it was taken.
    """

    url: str
    body: bytes
    headers: Sequence[tuple[str, str]]
    acknowledged: Callable[[Answered], bool]


WebhookSigner = Callable[[Notice], Webhook | None]
"""A notice as a dialect sends it, signed, the same body every time; None for another dialect's, and when it cannot be sent any more."""

_log = structlog.get_logger("cambist.merchant")


@dataclass(frozen=True, slots=True)
class Patience:
    """µs between two attempts, and how many attempts there are."""

    pause: int = 30 * 60_000_000
    attempts: int = 48


class Outbox:
    """Call `run_due` every second or so. Nothing is sent before `sign_with` was called."""

    def __init__(
        self,
        service: MerchantService,
        webhook_client: WebhookClient,
        clock: Clock,
        patience: Patience,
        write_failed: Callable[[Exception], bool] = lambda _error: False,
    ) -> None:
        """`write_failed` hears of errors and says whether the view's disk is to blame: whoever calls then waits until it is well."""
        self._service = service
        self._webhook_client = webhook_client
        self._clock = clock
        self._patience = patience
        self._write_failed = write_failed
        self._sending: set[tuple[str, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._signers: list[WebhookSigner] = []

    def sign_with(self, signer: WebhookSigner) -> None:
        """One more who makes webhooks of its own notices: the composition root gives what each dialect brought."""
        self._signers.append(signer)

    def begin_due(self) -> None:
        """Starts sending what is due and not being sent, at most AT_ONCE at a time. Returns at once."""
        now = self._clock()
        if not self._signers or self._closed or now < self._service.view.quiet_until():
            return
        for notice in self._service.view.due(now, 2 * AT_ONCE):
            name = (notice.subject, notice.number)
            if len(self._sending) >= AT_ONCE:
                return
            if name not in self._sending:
                self._sending.add(name)
                task = asyncio.get_running_loop().create_task(self._send(notice))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def run_due(self) -> None:
        """The same, and waits until all that is being sent has been."""
        self.begin_due()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Sends no more; what was under way is forgotten and sent again after the next start."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, notice: Notice) -> None:
        name = (notice.subject, notice.number)
        try:
            await self._attempt(notice)
        except Exception as error:
            if not self._write_failed(error):
                _log.exception("a notice could not be sent", subject=notice.subject, error=type(error).__name__)
        finally:
            self._sending.discard(name)

    async def _attempt(self, notice: Notice) -> None:
        webhook = next((made for signer in self._signers if (made := signer(notice)) is not None), None)
        if webhook is None:
            self._service.view.tried(notice, None, "it cannot be sent any more")
            return
        result = await self._webhook_client.post(webhook.url, webhook.body, webhook.headers, notice.attempts)
        if self._closed:
            return
        if isinstance(result, Answered) and webhook.acknowledged(result):
            try:
                # Out of the way until the journal has it: asked again in between, it would be sent again.
                self._service.view.tried(notice, self._clock() + self._patience.pause, "ok")
            finally:
                await self._service.acknowledge(notice.subject, notice.number)
            return
        outcome = f"status {result.status}" if isinstance(result, Answered) else result.reason
        last = notice.attempts + 1 >= self._patience.attempts
        self._service.view.tried(notice, None if last else self._clock() + self._patience.pause, outcome)
        _log.info("a notice was not acknowledged", subject=notice.subject, attempt=notice.attempts + 1, why=outcome, last=last)
