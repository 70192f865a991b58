"""The queryable past: orders, trades, ledger entries and transfers, folded from the journal's events."""
