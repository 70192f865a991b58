"""The queryable past: orders, trades, ledger entries and transfers, folded from the journal's events."""

from cambist.history.port import EventSource, HistoryAhead, HistoryBehind, HistoryError, HistoryFailed, HistoryLocked, HistoryReads, Page
from cambist.history.reader import History
from cambist.history.writer import HistoryWriter, rebuild

__all__ = [
    "EventSource",
    "History",
    "HistoryAhead",
    "HistoryBehind",
    "HistoryError",
    "HistoryFailed",
    "HistoryLocked",
    "HistoryReads",
    "HistoryWriter",
    "Page",
    "rebuild",
]
