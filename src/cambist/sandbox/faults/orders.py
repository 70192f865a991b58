"""Faults that meet orders: what happens to one between its command and its end, and what happens to a request because of its order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from cambist import _core
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request, Withheld
from cambist.directory.nonces import Nonces
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import Commands, Done, View
from cambist.exchange.commands import NonceRejected
from cambist.exchange.view import Read
from cambist.gateway.http import wire
from cambist.sandbox.faults import magic_orders
from cambist.sandbox.faults.counterparty import Counterparty, opposite
from cambist.sandbox.faults.matching import HTTP, SOCKET, Asked, AskedOrder
from cambist.sandbox.faults.pages import error_page
from cambist.sandbox.faults.plan import FaultPlan
from cambist.sandbox.faults.registry import Faults
from cambist.sandbox.faults.requests import Wordings, instead, micros
from cambist.sandbox.faults.traders_commands import TradersCommands
from cambist.sandbox.request_log import Exchange, RequestLog, SocketMessage

DEFAULT_WAIT = 1.0
"""Seconds between the parts of an order that is filled in two."""
PPM = 1_000_000
AT_CANCEL = frozenset({"cancel-loses", "partial-cancel"})
AT_PLACING = frozenset({"fill"})
MOST_MARKED = 10_000
"""Orders that asked for something to happen when they are cancelled; the oldest are forgotten."""

Durable = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Placement:
    """An order about to be placed. `give` gives the command."""

    account: AccountId
    market: MarketId
    side: Side
    price: int
    amount: int
    can_rest: bool
    meta: Meta
    read: Read[Any] | None
    give: Callable[[], Awaitable[Done[Any]]]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Orders about to be cancelled by one command, which `give` gives."""

    account: AccountId
    orders: list[int]
    meta: Meta
    read: Read[Any] | None
    give: Callable[[], Awaitable[Done[Any]]]


class OrderFaults:
    """Carries out what fired at orders. `commands` are the venue's own, `traders` those of the sandbox's traders."""

    def __init__(
        self,
        faults: Faults,
        commands: Commands,
        view: View,
        counterparty: Counterparty,
        traders: Callable[[], TradersCommands | None],
        wordings: Wordings,
        nonces: Nonces,
        durable: Durable,
        log: RequestLog,
    ) -> None:
        self._faults = faults
        self._commands = commands
        self._view = view
        self._counterparty = counterparty
        self._traders = traders
        self._wordings = wordings
        self._nonces = nonces
        self._durable = durable
        self._log = log
        self._marked: dict[int, magic_orders.MagicOutcome] = {}
        self._rests: dict[int, tuple[FaultPlan, int]] = {}

    # --- who is met -------------------------------------------------------------------------------------------------------

    @property
    def waits_for_cancels(self) -> bool:
        """Whether anything may happen to an order that is cancelled."""
        return bool(self._faults.orders or self._marked)

    def magic(self, tag: str, amount: int) -> magic_orders.MagicOutcome | None:
        """What an order asks for itself."""
        if not tag:
            return magic_orders.of_amount(amount)
        found = magic_orders.of_client_id(tag)
        if found is None and tag.startswith(magic_orders.PREFIX):
            self._faults.asked_for_unknown_outcome(tag)
        return found

    def _asked(self, account: AccountId) -> tuple[Asked, Request]:
        """The request that the command comes from, as the log knows it."""
        record = self._log.current
        if isinstance(record, Exchange):
            request = Request(record.method, record.path, record.query, record.headers, record.body, record.client)
            identity = Identity(account, record.key, record.nonce)
            text = record.query + b"\n" + record.body if record.query else record.body
            return Asked(record.dialect, HTTP, record.method, record.path, text, lambda: identity), request
        dialect, text = (record.dialect, record.data) if isinstance(record, SocketMessage) else ("", b"")
        return Asked(dialect, SOCKET, "", "", text, lambda: Identity(account, "")), Request("GET", "")

    # --- placing ----------------------------------------------------------------------------------------------------------

    async def place(self, placement: Placement, magic: magic_orders.MagicOutcome | None) -> Done[Any]:
        """Gives the command, and lets happen what fires at it."""
        asked, request = self._asked(placement.account)
        order = AskedOrder(placement.account, placement.market, placement.side, 0, placement.meta.tag, placement.meta.key_id)
        plans = [fault.plan for fault in self._faults.met_by_order(asked, order, lambda fault: fault.plan.kind not in AT_CANCEL)]
        if magic is not None:
            self._faults.note(magic.id, asked)
            if magic.plan.kind not in AT_CANCEL:
                plans.append(magic.plan)
        for plan in plans:
            rejected = await self._before(plan, placement.meta, placement.read, asked, request)
            if rejected is not None:
                return rejected
        fill = next((plan for plan in plans if plan.kind == "fill"), None)
        done = await (self._staged(fill, placement) if fill is not None and placement.can_rest else placement.give())
        if done.outcome.code:
            return done
        if magic is not None and magic.plan.kind in AT_CANCEL:
            self._mark(done.outcome.id, magic)
        for plan in plans:
            await self._afterwards(plan, asked)
        return done

    async def _before(self, plan: FaultPlan, meta: Meta, read: Read[Any] | None, asked: Asked, request: Request) -> Done[Any] | None:
        """What the dialect gets instead of an outcome; None: the command is given."""
        if plan.kind == "lose-request":
            raise Withheld("a fault lost the request")
        if plan.kind == "reset" and plan.executed is False:
            raise Withheld("a fault reset the connection", reset=True)
        if plan.before:
            await self._faults.sleep(plan.before)
        if plan.kind == "nonce-rejected" and meta.nonce:
            raise NonceRejected(max(self._nonces.last(meta.key_id), meta.nonce))
        if plan.kind == "refuse" or (asked.transport == SOCKET and instead(plan, asked.dialect, request, self._wordings)):
            if meta.nonce:
                await self._commands.note(meta)
            outcome = _core.Outcome.refused(RejectReason.JOURNAL_FULL, self._view.seq)
            return Done(outcome, None if read is None else read(self._view))
        reply = instead(plan, asked.dialect, request, self._wordings)
        if reply is not None and plan.kind != "nonce-rejected":
            await self._durable()
            raise Withheld("a fault answered", sent=wire.whole(reply))
        return None

    async def _afterwards(self, plan: FaultPlan, asked: Asked) -> None:
        match plan.kind:
            case "lose-reply":
                raise Withheld("a fault lost the reply")
            case "reset":
                raise Withheld("a fault reset the connection", reset=True)
            case "server-error":
                await self._durable()
                raise Withheld("a fault answered", sent=b"" if asked.transport == SOCKET else wire.whole(error_page(plan.status or 503)))
            case "delay" if plan.after:
                await self._faults.sleep(plan.after)

    # --- fills in parts -----------------------------------------------------------------------------------------------------

    async def _staged(self, plan: FaultPlan, placement: Placement) -> Done[Any]:
        """Places the order so that exactly its first part is filled, and has the rest follow."""
        view, market = self._view, placement.market
        part = self._part(plan, market, placement.amount)
        buy = placement.side == Side.BUY
        bids, asks = view.converted_depth(market, 1)
        own, other = (bids, asks) if buy else (asks, bids)
        own_best, other_best = own[0][0] if own else 0, other[0][0] if other else 0
        leads = not own_best or (placement.price > own_best if buy else placement.price < own_best)
        if leads:
            price = self._first_price(plan, placement, other_best, own_best)
            await self._counterparty.clear(market, placement.side, placement.price)
            least = self._counterparty.least(market, price)
            offer = await self._counterparty.offer(market, opposite(placement.side), price, max(part, least))
            done = await placement.give()
            if offer:
                await self._counterparty.withdraw(offer)
        else:
            done = await placement.give()
            if not done.outcome.code:
                await self._counterparty.fill(done.outcome.id, part)
        order = None if done.outcome.code else view.order(done.outcome.id)
        if order is not None:
            self._keep_the_rest(plan, order)
        return done

    def _part(self, plan: FaultPlan, market: MarketId, amount: int) -> int:
        """The first part: the share that was asked for, but no less than the market takes as an order."""
        part = amount * round((plan.percent or 100.0) * 10_000) // PPM
        return min(max(part, self._view.market(market).min_amount), amount)

    def _first_price(self, plan: FaultPlan, placement: Placement, other_best: int, own_best: int) -> int:
        """No worse for the order than its own, and such that nobody else's order meets it."""
        price = placement.price
        if plan.price is not None:
            price = self._price(plan.price, placement.market) or price
        elif other_best:
            price = other_best
        if placement.side == Side.BUY:
            return min(max(price, own_best + 1), placement.price)
        return max(min(price, own_best - 1) if own_best else price, placement.price)

    def _price(self, text: str, market: MarketId) -> int:
        """In the market's units; 0 for a text that is no price there."""
        try:
            return _core.parse_units(text, self._view.market(market).price_scale)
        except ValueError:
            return 0

    def _keep_the_rest(self, plan: FaultPlan, order: _core.LiveOrder) -> None:
        """Has the sandbox's traders leave the rest of an order alone, until its time has come."""
        wait = micros(DEFAULT_WAIT if plan.wait is None else plan.wait)
        self._keep_until(plan, order, self._faults.scheduler.now() + wait)

    def _keep_until(self, plan: FaultPlan, order: _core.LiveOrder, due: int) -> None:
        traders, order_id = self._traders(), order.order_id
        let_go = traders.hold_off(order.market, opposite(order.side)) if traders is not None else lambda: None
        self._rests[order_id] = plan, due

        async def finish() -> None:
            let_go()
            del self._rests[order_id]
            await self._finish(plan, order_id)

        self._faults.scheduler.at(due, finish, f"rest of order {order_id}")

    def save(self) -> tuple[list[tuple[int, FaultPlan, int]], dict[int, str]]:
        """The fills of which a part is still to come, and the orders that asked for something when they are cancelled."""
        rests = [(order_id, plan, due) for order_id, (plan, due) in self._rests.items()]
        return rests, {order_id: magic.name for order_id, magic in self._marked.items()}

    def restore(self, rests: list[tuple[int, FaultPlan, int]], marked: dict[int, str]) -> None:
        """As it was then, on the venue of then."""
        self._marked.update({order_id: magic_orders.BY_NAME[name] for order_id, name in marked.items()})
        for order_id, plan, due in rests:
            order = self._view.order(order_id)
            if order is not None:
                self._keep_until(plan, order, due)

    async def _finish(self, plan: FaultPlan, order_id: int) -> None:
        order = self._view.order(order_id)
        if order is None or plan.rest == "leave":
            return
        if plan.rest == "cancel":
            await self._commands.cancel(order.account, order_id)
            return
        price = 0 if plan.rest_price is None else self._price(plan.rest_price, order.market)
        if price and (price < order.price if order.side == Side.BUY else price > order.price):
            await self._fill_at(order, price)
        await self._counterparty.fill(order_id, order.amount)

    async def _fill_at(self, order: _core.LiveOrder, price: int) -> None:
        """Fills what is left of an order at a better price than its own: it is moved out of the way for a moment, and comes back."""
        market, spec = order.market, self._view.market(order.market)
        away = price - 1 if order.side == Side.BUY else price + 1
        if not spec.min_price <= away <= spec.max_price:
            return
        await self._commands.replace(order.account, order.order_id, price=away)
        await self._counterparty.clear(market, opposite(order.side), price)
        await self._counterparty.clear(market, Side(order.side), price)
        offer = await self._counterparty.offer(market, opposite(order.side), price, order.remaining)
        await self._commands.replace(order.account, order.order_id, price=order.price)
        if offer:
            await self._counterparty.withdraw(offer)

    # --- cancelling -------------------------------------------------------------------------------------------------------

    def _mark(self, order_id: int, magic: magic_orders.MagicOutcome) -> None:
        self._marked[order_id] = magic
        if len(self._marked) > MOST_MARKED:
            del self._marked[next(iter(self._marked))]

    async def cancel(self, cancellation: Cancellation) -> Done[Any]:
        """Gives the command, and lets happen what fires because of it."""
        asked, request = self._asked(cancellation.account)
        plans: list[FaultPlan] = []
        for order_id in cancellation.orders:
            live = self._view.order(order_id)
            if live is None or live.account != cancellation.account:
                continue
            order = AskedOrder(cancellation.account, live.market, live.side, order_id, "", cancellation.meta.key_id)
            at_order = [fault.plan for fault in self._faults.met_by_order(asked, order, lambda fault: fault.plan.kind not in AT_PLACING)]
            magic = self._marked.pop(order_id, None)
            if magic is not None:
                self._faults.note(magic.id, asked)
                at_order.append(magic.plan)
            for plan in at_order:
                rejected = await self._before(plan, cancellation.meta, cancellation.read, asked, request)
                if rejected is not None:
                    return rejected
                if plan.kind in AT_CANCEL:
                    part = live.remaining if plan.kind == "cancel-loses" else self._part(plan, live.market, live.remaining)
                    await self._counterparty.fill(order_id, part)
            plans += at_order
        done = await cancellation.give()
        for plan in plans:
            await self._afterwards(plan, asked)
        return done


def can_rest(order_type: int, tif: int, post_only: bool) -> bool:
    """Whether an order of this form can wait in the book for the rest of a fill, and may trade at once."""
    return order_type == OrderType.LIMIT and tif in (TimeInForce.GTC, TimeInForce.GTD) and not post_only
