"""What a market looks like from outside: ticker, trades, candles, book."""

from cambist.marketdata.book import group_depth, group_levels
from cambist.marketdata.marketdata import MarketData
from cambist.marketdata.values import Candle, LevelChange, MarketUpdate, RecentTrade, Ticker

__all__ = ["Candle", "LevelChange", "MarketData", "MarketUpdate", "RecentTrade", "Ticker", "group_depth", "group_levels"]
