"""Everybody who trades with the makers: noise traders, trend followers, informed traders, and sellers and buyers of large amounts."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable

from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reproducible_math import exp
from cambist.domain.units import AccountId
from cambist.exchange import Commands, Done
from cambist.sandbox.draws import Draws
from cambist.sandbox.market import TradedMarket

Action = Awaitable[Done[None]] | None
"""A command that is under way; None when there is nothing to do."""


class Taker(ABC):
    """One trader in one market, with a stream of his own."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        self.name = name
        self.market = market
        self.draws = draws
        self.numbers = market.numbers
        self._account = account
        self._commands = commands

    @abstractmethod
    def wait(self) -> int:
        """µs until he acts again."""

    @abstractmethod
    def act(self, now: int) -> Action:
        """Looks at the market, and trades or does not."""

    def take(self, side: Side, usd: float, slippage: float) -> Action:
        """Trades about so much at once, at prices down to `slippage` worse than the best; what is not filled is gone."""
        price = self.market.through(side, slippage)
        return self.take_at(side, usd, price) if price else None

    def take_at(self, side: Side, usd: float, price: int) -> Action:
        """The same, at this price or a better one."""
        market = self.market
        if not market.open:
            return None
        return self._commands.place(self._account, market.id, side, OrderType.LIMIT, TimeInForce.IOC, price, market.amount(usd))


class NoiseTrader(Taker):
    """Trades for reasons of his own: now and then, more when the market is lively, often on the same side as before."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        numbers = self.numbers
        self._mean = 60.0 * numbers.noise / (numbers.trades_per_minute * market.intensity)
        self._longest = numbers.longest_pause_seconds / market.intensity
        self._side = Side.BUY if draws.uniform() < 0.5 else Side.SELL
        self._amount_usd = numbers.trade_usd * max(market.intensity, 0.05) ** 0.5
        self._patience = int(1e6 * numbers.patience_seconds / market.intensity)
        self._paid = 0
        """The best price when he took last, and since when it has been the same."""
        self._paid_since = 0

    def wait(self) -> int:
        lively = min(max(self.market.activity, 0.5), 3.0)
        return int(1e6 * min(self.draws.wait(self._mean / lively), self._longest))

    def act(self, now: int) -> Action:
        draws, numbers = self.draws, self.numbers
        bored = now - self._paid_since >= self._patience
        usd = self._amount_usd * exp(draws.normal())
        if draws.uniform() >= numbers.stays or (bored and self._best() == self._paid):
            self._side = Side.SELL if self._side == Side.BUY else Side.BUY
        if draws.uniform() < numbers.passive and not bored:
            return self._rest(now, numbers.passive_size * usd)
        if draws.uniform() < numbers.tail:
            usd *= draws.pareto(numbers.tail_exponent, numbers.tail_most)
        best = self._best()
        if best != self._paid:
            self._paid, self._paid_since = best, now
        return self.take(self._side, usd, numbers.slippage)

    def _best(self) -> int:
        """The price that he would take at."""
        bid, ask = self.market.best()
        return ask if self._side == Side.BUY else bid

    def _rest(self, now: int, usd: float) -> Action:
        """Waits between the quotes for somebody to come."""
        market = self.market
        bid, ask = market.best()
        inside = self.draws.uniform()
        expires = now + int(self.draws.between(self.numbers.passive_least_seconds, self.numbers.passive_most_seconds) * 1e6)
        if not (bid and ask and market.open):
            return None
        room = ask - bid - 1
        price = bid + int(inside * room) if self._side == Side.BUY else ask - int(inside * room)
        return self._commands.place(
            self._account,
            market.id,
            self._side,
            OrderType.LIMIT,
            TimeInForce.GTD,
            price,
            market.amount(usd),
            post_only=True,
            expire_at=expires,
        )


class TrendFollower(Taker):
    """Buys what rises and sells what falls, until it does not any more."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        self._usd = self.numbers.trend_usd * market.intensity
        self._fast = self._slow = 0.0
        self._position = 0.0

    def wait(self) -> int:
        return int(1e6 * self.numbers.trend_seconds * min(self.market.slower, 3.0) * self.draws.between(0.5, 1.5))

    def act(self, now: int) -> Action:
        del now
        market, numbers = self.market, self.numbers
        price = market.middle()
        eager = self.draws.between(0.5, 1.5)
        if not price:
            return None
        if not self._slow:
            self._fast = self._slow = price
        self._fast += numbers.trend_fast * (price - self._fast)
        self._slow += numbers.trend_slow * (price - self._slow)
        signal = (self._fast / self._slow - 1.0) / market.half_spread
        strong = abs(signal) >= numbers.trend_signal
        most = numbers.trend_most
        wanted = min(max(signal / numbers.trend_signal, -most), most) * self._usd if strong else 0.0
        if abs(wanted - self._position) < self._usd:
            return None
        side = Side.BUY if wanted > self._position else Side.SELL
        usd = min(abs(wanted - self._position), self._usd) * eager
        self._position += usd if side == Side.BUY else -usd
        return self.take(side, usd, numbers.slippage)


class InformedTrader(Taker):
    """Knows the fundamental price before the makers have followed it, and takes quotes that are wrong, anybody's."""

    def wait(self) -> int:
        return int(1e6 * self.numbers.informed_seconds * min(self.market.slower, 3.0) * self.draws.between(0.5, 1.5))

    def act(self, now: int) -> Action:
        market = self.market
        fair = market.fair(now)
        bid, ask = market.best()
        numbers = self.numbers
        margin = numbers.informed_margin * market.half_spread
        if ask and ask < fair * (1.0 - margin):
            return self.take_at(Side.BUY, self._usd(), int(fair * (1.0 - margin)))
        if bid and bid > fair * (1.0 + margin):
            return self.take_at(Side.SELL, self._usd(), int(fair * (1.0 + margin)) + 1)
        return None

    def _usd(self) -> float:
        numbers = self.numbers
        return numbers.informed_usd * self.market.intensity * self.draws.pareto(numbers.informed_exponent, numbers.informed_most)


class LargeTrader(Taker):
    """Now and then has a large amount to trade, and works it off in pieces."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        self._side = Side.BUY
        self._left = 0
        self._piece = 0.0

    def wait(self) -> int:
        numbers = self.numbers
        if self._left:
            return int(1e6 * self.draws.between(numbers.large_least_seconds, numbers.large_most_seconds))
        return int(1e6 * self.draws.wait(3_600.0 / (numbers.large_per_hour * self.market.intensity)))

    def act(self, now: int) -> Action:
        del now
        draws, numbers = self.draws, self.numbers
        if not self._left:
            self._side = Side.BUY if draws.uniform() < 0.5 else Side.SELL
            self._left = 1 + int(numbers.large_pieces * draws.uniform())
            usd = numbers.large_usd * self.market.intensity * draws.pareto(numbers.large_exponent, numbers.large_most)
            self._piece = usd / self._left
        self._left -= 1
        return self.take(self._side, self._piece, numbers.large_slippage)


class CrashSeller(Taker):
    """Sells at any price while the makers draw back: a flash crash."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        self._left = 0
        self._first = True
        self._until = 0.0

    def wait(self) -> int:
        numbers = self.numbers
        if self._left:
            return int(1e6 * numbers.crash_piece_seconds)
        if self._first:
            self._first = False
            return int(1e6 * numbers.crash_first_seconds)
        return int(1e6 * (numbers.crash_pause_seconds + self.draws.wait(3_600.0 / numbers.crashes_per_hour)))

    def act(self, now: int) -> Action:
        market, numbers = self.market, self.numbers
        if not self._left:
            self._left = numbers.crash_pieces + 1
            self._until = market.fair(now) * (1.0 - numbers.crash_share)
            market.stress(now)
        self._left -= 1
        if self._left < numbers.crash_pieces and market.middle() > self._until:  # the makers have drawn back by now
            return self.take(Side.SELL, market.depth_usd * market.willingness(now), numbers.crash_slippage)
        return None
