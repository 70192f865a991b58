"""The queryable past: orders, trades, ledger entries and transfers, folded from the journal's events."""

from cambist.history.port import EventSource, HistoryAhead, HistoryError, HistoryFailed, HistoryReads, Page
from cambist.history.reader import History
from cambist.history.writer import HistoryWriter, rebuild

__all__ = [
    "EventSource",
    "History",
    "HistoryAhead",
    "HistoryError",
    "HistoryFailed",
    "HistoryReads",
    "HistoryWriter",
    "Page",
    "rebuild",
]
