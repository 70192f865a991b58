"""The account that faults trade with: it moves an order's fate by orders of its own, so that book, trades and ledger stay true.

It is opened when it is needed first, pays no fees, and is given what it needs for each order.
"""

from __future__ import annotations

from collections.abc import Callable

from cambist import _core
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange import Commands, View

ROUNDS = 500
"""Orders that are given at most for one fill: each takes what stands before the order that is to be filled."""


def opposite(side: int) -> Side:
    return Side.SELL if side == Side.BUY else Side.BUY


class Counterparty:
    """`commands` are the venue's own. Prices and amounts are in the market's units; nothing is done in a market that is halted."""

    def __init__(self, commands: Commands, view: View, entropy: Callable[[str, int], bytes]) -> None:
        self._commands = commands
        self._view = view
        self._entropy = entropy
        self._account: AccountId | None = None
        self._fundings = 0

    def save(self) -> tuple[int, int]:
        """(its account, 0 for none yet; how often it was given money)."""
        return self._account or 0, self._fundings

    def restore(self, kept: tuple[int, int]) -> None:
        """As it was then, on the venue of then."""
        account, self._fundings = kept
        self._account = AccountId(account) if account else None

    async def account(self) -> AccountId:
        if self._account is None:
            self._account = AccountId((await self._commands.open_account()).id)
            await self._commands.set_account_fees(self._account, 0, 0)
        return self._account

    def least(self, market: MarketId, price: int) -> int:
        """The smallest amount that the market takes as an order at this price."""
        spec = self._view.market(market)
        return max(spec.min_amount, -(-spec.min_total // (price * self._quote_unit(spec))))

    async def take(self, market: MarketId, side: Side, price: int, amount: int) -> int:
        """Buys or sells up to so much at once at this price or a better one; how much of it there was."""
        return (await self._place(market, side, TimeInForce.IOC, price, amount)).filled

    async def offer(self, market: MarketId, side: Side, price: int, amount: int) -> int:
        """An order that rests; its id, 0 when it does not."""
        placed = await self._place(market, side, TimeInForce.GTC, price, amount)
        return 0 if placed.code or not placed.remaining else placed.id

    async def withdraw(self, order_id: int) -> None:
        """Cancels an offer; what was taken of it stays taken."""
        await self._commands.cancel(await self.account(), order_id)

    async def clear(self, market: MarketId, side: Side, price: int) -> None:
        """Buys (sells) everything that is offered (bid for) at this price or a better one, other books of its group included."""
        for _round in range(ROUNDS):
            bids, asks = self._view.converted_depth(market, 0)
            levels = asks if side == Side.BUY else bids
            amount = sum(there for at, there in levels if (at <= price if side == Side.BUY else at >= price))
            if not amount or not await self.take(market, side, price, amount):
                return

    async def fill(self, order_id: int, amount: int) -> int:
        """Fills so much of a resting order, at its price; how much it was. What stands before it in the book is taken first."""
        order = self._view.order(order_id)
        if order is None or order.waiting:
            return 0
        market, side = order.market, opposite(order.side)
        better = order.price + 1 if order.side == Side.BUY else order.price - 1
        if better:
            await self.clear(market, side, better)
        before, wanted = order.filled, min(amount, order.remaining)
        newest = order.order_id == self._view.next_order_id - 1
        for _round in range(ROUNDS):
            left = self._view.order(order_id)
            missing = before + wanted - (left.filled if left is not None else before + wanted)
            if missing <= 0 or left is None:
                return wanted
            # Nothing at its price stands behind the newest order. Behind another one something may, so no more than it lacks is taken.
            ahead = self._level(market, order.side, order.price) - left.remaining if newest else 0
            if not await self.take(market, side, order.price, max(ahead, 0) + missing):
                break
        left = self._view.order(order_id)
        return wanted if left is None else left.filled - before

    def _level(self, market: MarketId, side: int, price: int) -> int:
        bids, asks = self._view.depth(market, 0)
        return next((amount for at, amount in (bids if side == Side.BUY else asks) if at == price), 0)

    async def _place(self, market: MarketId, side: Side, tif: TimeInForce, price: int, amount: int) -> _core.Outcome:
        spec = self._view.market(market)
        price = min(max(price, spec.min_price), spec.max_price)
        amount = min(max(amount, self.least(market, price)), spec.max_amount)
        account = await self.account()
        if side == Side.BUY:
            await self._give(spec.quote, 2 * price * amount * self._quote_unit(spec))  # twice, for what conversions cost
        else:
            base = self._view.assets()[spec.base]
            await self._give(spec.base, 2 * amount * 10 ** (base.scale - spec.amount_scale))
        return (await self._commands.place(account, market, side, OrderType.LIMIT, tif, price, amount)).outcome

    def _quote_unit(self, spec: _core.MarketSpec) -> int:
        """Atoms of the quote that one unit of price times one of amount is."""
        unit: int = 10 ** (self._view.assets()[spec.quote].scale - spec.price_scale - spec.amount_scale)
        return unit

    async def _give(self, asset: AssetId, wanted: int) -> None:
        account = await self.account()
        lacking = wanted - self._view.balance(account, asset)[0]
        if lacking > 0:
            self._fundings += 1
            drawn = self._entropy(f"fault/counterparty/{self._fundings}", 16)
            number = int.from_bytes(drawn, "little") or 1
            await self._commands.transfer(number, AccountId(_core.WORLD), account, asset, TransferKind.ADJUSTMENT, lacking)
