"""Everybody who trades with the makers: noise traders, trend followers, informed traders, and sellers and buyers of large amounts."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable

from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reproducible_math import exp
from cambist.domain.units import AccountId
from cambist.exchange import Commands, Done
from cambist.sandbox.draws import Draws
from cambist.sandbox.market import TradedMarket

SLIPPAGE = 0.002
"""How much worse than the best price a taker takes."""

Action = Awaitable[Done[None]] | None
"""A command that is under way; None when there is nothing to do."""


class Taker(ABC):
    """One trader in one market, with a stream of his own."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        self.name = name
        self.market = market
        self.draws = draws
        self._account = account
        self._commands = commands

    @abstractmethod
    def wait(self) -> int:
        """µs until he acts again."""

    @abstractmethod
    def act(self, now: int) -> Action:
        """Looks at the market, and trades or does not."""

    def take(self, side: Side, usd: float, slippage: float = SLIPPAGE) -> Action:
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

    STAYS = 0.72
    """How likely the next trade is on the side of the last: people split what they want to trade."""
    PASSIVE_SECONDS = (6.0, 60.0)
    RESTING = 0.6
    """Orders that rest are so much smaller than those that take: the price shall not stand at one of them for long."""
    TAIL, TAIL_EXPONENT, TAIL_MOST = 0.06, 1.5, 200.0
    """The share of trades that are larger by a power law, its exponent, and its end."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        numbers = market.numbers
        self._mean = 60.0 * numbers.noise / (numbers.trades_per_minute * market.intensity)
        self._longest = numbers.longest_pause_seconds / market.intensity
        self._side = Side.BUY if draws.uniform() < 0.5 else Side.SELL
        self._amount_usd = numbers.trade_usd * max(market.intensity, 0.05) ** 0.5

    def wait(self) -> int:
        lively = min(max(self.market.activity, 0.5), 3.0)
        return int(1e6 * min(self.draws.wait(self._mean / lively), self._longest))

    def act(self, now: int) -> Action:
        draws, market = self.draws, self.market
        if draws.uniform() >= self.STAYS:
            self._side = Side.SELL if self._side == Side.BUY else Side.BUY
        usd = self._amount_usd * exp(draws.normal())
        if draws.uniform() < market.numbers.passive:
            return self._rest(now, self.RESTING * usd)
        if draws.uniform() < self.TAIL:
            usd *= draws.pareto(self.TAIL_EXPONENT, self.TAIL_MOST)
        return self.take(self._side, usd)

    def _rest(self, now: int, usd: float) -> Action:
        """Waits between the quotes for somebody to come."""
        market = self.market
        bid, ask = market.best()
        inside = self.draws.uniform()
        expires = now + int(self.draws.between(*self.PASSIVE_SECONDS) * 1e6)
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

    LOOK_SECONDS = 5.0
    FAST, SLOW = 0.2, 0.03
    """Weights of the newest price in two moving averages."""
    SIGNAL = 3.0
    """Half spreads between the averages that make him trade."""
    MOST = 25.0
    """His largest position, in trades."""

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        self._usd = market.numbers.trend_usd * market.intensity
        self._fast = self._slow = 0.0
        self._position = 0.0

    def wait(self) -> int:
        return int(1e6 * self.LOOK_SECONDS * min(self.market.slower, 3.0) * self.draws.between(0.5, 1.5))

    def act(self, now: int) -> Action:
        del now
        market = self.market
        price = market.middle()
        eager = self.draws.between(0.5, 1.5)
        if not price:
            return None
        if not self._slow:
            self._fast = self._slow = price
        self._fast += self.FAST * (price - self._fast)
        self._slow += self.SLOW * (price - self._slow)
        signal = (self._fast / self._slow - 1.0) / market.half_spread
        strong = abs(signal) >= self.SIGNAL
        wanted = min(max(signal / self.SIGNAL, -self.MOST), self.MOST) * self._usd if strong else 0.0
        if abs(wanted - self._position) < self._usd:
            return None
        side = Side.BUY if wanted > self._position else Side.SELL
        usd = min(abs(wanted - self._position), self._usd) * eager
        self._position += usd if side == Side.BUY else -usd
        return self.take(side, usd)


class InformedTrader(Taker):
    """Knows the fundamental price before the makers have followed it, and takes quotes that are wrong, anybody's."""

    MARGIN = 0.6
    """Half spreads that he wants to earn."""

    def wait(self) -> int:
        return int(1e6 * self.market.numbers.informed_seconds * min(self.market.slower, 3.0) * self.draws.between(0.5, 1.5))

    def act(self, now: int) -> Action:
        market = self.market
        fair = market.fair(now)
        bid, ask = market.best()
        margin = self.MARGIN * market.half_spread
        usd = market.numbers.informed_usd * market.intensity * self.draws.between(0.3, 1.0)
        if ask and ask < fair * (1.0 - margin):
            return self.take_at(Side.BUY, usd, int(fair * (1.0 - margin)))
        if bid and bid > fair * (1.0 + margin):
            return self.take_at(Side.SELL, usd, int(fair * (1.0 + margin)) + 1)
        return None


class LargeTrader(Taker):
    """Now and then has a large amount to trade, and works it off in pieces."""

    PIECES = 24
    PIECE_SECONDS = (3.0, 12.0)
    EXPONENT, MOST = 1.5, 12.0

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        self._side = Side.BUY
        self._left = 0
        self._piece = 0.0
        self._numbers = market.numbers

    def wait(self) -> int:
        if self._left:
            return int(1e6 * self.draws.between(*self.PIECE_SECONDS))
        return int(1e6 * self.draws.wait(3_600.0 / (self._numbers.large_per_hour * self.market.intensity)))

    def act(self, now: int) -> Action:
        del now
        draws = self.draws
        if not self._left:
            self._side = Side.BUY if draws.uniform() < 0.5 else Side.SELL
            self._left = 1 + int(self.PIECES * draws.uniform())
            usd = self._numbers.large_usd * self.market.intensity * draws.pareto(self.EXPONENT, self.MOST)
            self._piece = usd / self._left
        self._left -= 1
        return self.take(self._side, self._piece, slippage=0.01)


class CrashSeller(Taker):
    """Sells at any price while the makers draw back: a flash crash."""

    PIECES = 8
    PIECE_SECONDS = 2.0

    def __init__(self, name: str, market: TradedMarket, account: AccountId, commands: Commands, draws: Draws) -> None:
        super().__init__(name, market, account, commands, draws)
        self._numbers = market.numbers
        self._left = 0
        self._first = True
        self._until = 0.0

    def wait(self) -> int:
        if self._left:
            return int(1e6 * self.PIECE_SECONDS)
        if self._first:
            self._first = False
            return int(1e6 * self._numbers.crash_first_seconds)
        return int(1e6 * (600.0 + self.draws.wait(3_600.0 / self._numbers.crashes_per_hour)))

    def act(self, now: int) -> Action:
        market = self.market
        if not self._left:
            self._left = self.PIECES + 1
            self._until = market.fair(now) * (1.0 - self._numbers.crash_share)
            market.stress(now)
        self._left -= 1
        if self._left < self.PIECES and market.middle() > self._until:  # the makers have drawn back by now
            return self.take(Side.SELL, market.depth_usd * market.willingness(now), slippage=0.03)
        return None
