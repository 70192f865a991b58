"""The queryable past: orders, trades, ledger entries and transfers, folded from the journal's events."""

from cambist.history.port import (
    EventSource,
    HistoryAhead,
    HistoryAway,
    HistoryBehind,
    HistoryBlocked,
    HistoryError,
    HistoryFailed,
    HistoryForeign,
    HistoryLocked,
    HistoryMoved,
    HistoryReads,
    HistoryUnwritable,
    Page,
)
from cambist.history.reader import History
from cambist.history.writer import HistoryWriter, rebuild

__all__ = [
    "EventSource",
    "History",
    "HistoryAhead",
    "HistoryAway",
    "HistoryBehind",
    "HistoryBlocked",
    "HistoryError",
    "HistoryFailed",
    "HistoryForeign",
    "HistoryLocked",
    "HistoryMoved",
    "HistoryReads",
    "HistoryUnwritable",
    "HistoryWriter",
    "Page",
    "rebuild",
]
