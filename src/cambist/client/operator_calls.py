"""What operators can ask, on the types of the venue's operations: importing them takes longer than all of `calls`.

Made by scripts/native_client_calls.py from the server's table of routes.
"""

from __future__ import annotations

from cambist.client.call import Call
from cambist.operations import (
    audit_records,
    backup_jobs,
    backups,
    conditions,
    dual_control,
    fees,
    keys,
    ledger,
    linked_markets,
    market_terms,
    markets,
    orders,
    second_factor,
    upkeep,
    users,
    withdrawals,
)


def operator_status() -> Call[upkeep.Status]:
    """GET /operator/status: How far the venue is, and how its files are. `status-failed` when the disk does not say."""
    return Call("GET", "/operator/status", upkeep.Status)


def operator_activity() -> Call[conditions.Activity]:
    """GET /operator/activity: What went on in the last minute: rates, latencies, connections, the queue before the journal."""
    return Call("GET", "/operator/activity", conditions.Activity)


def operator_user_list(query: users.ListUsers | None = None) -> Call[list[users.UserRow]]:
    """GET /operator/user/list: In order of their accounts, the erased ones left out."""
    return Call("GET", "/operator/user/list", list[users.UserRow], query=query)


def operator_user_role(body: users.SetRole) -> Call[users.RoleSet | dual_control.Approval]:
    """POST /operator/user/role: Says what a user may do for the venue over the network. Where there are two operators, two must say so
    before a user becomes an operator, or is one no longer. `user-unknown`, `own-role`."""
    return Call("POST", "/operator/user/role", users.RoleSet, body=body, accepted=dual_control.Approval)


def operator_user_freeze(body: users.FreezeUser) -> Call[users.UserFrozen]:
    """POST /operator/user/freeze: Shuts a user out of every API and every login; the money stays where it is. `user-unknown`."""
    return Call("POST", "/operator/user/freeze", users.UserFrozen, body=body)


def operator_user_unfreeze(body: users.OfUser) -> Call[users.UserFrozen]:
    """POST /operator/user/unfreeze: Lets a user in again, with the same keys and password. `user-unknown`."""
    return Call("POST", "/operator/user/unfreeze", users.UserFrozen, body=body)


def operator_second_factor_remove(body: second_factor.OfUser) -> Call[second_factor.SecondFactor]:
    """POST /operator/second-factor/remove: Switches all one-time codes of a user off, time-based and counter-based, and removes the
    user's passkeys. `user-unknown`."""
    return Call("POST", "/operator/second-factor/remove", second_factor.SecondFactor, body=body)


def operator_key_list(query: keys.ListKeys | None = None) -> Call[list[keys.KeyRow]]:
    """GET /operator/key/list: Live keys in order of creation, those of frozen users too; never a secret. `user-unknown`."""
    return Call("GET", "/operator/key/list", list[keys.KeyRow], query=query)


def operator_key_revoke(body: keys.OfKey) -> Call[keys.KeyRevoked]:
    """POST /operator/key/revoke: Ends a key for good, its open sockets too. `key-unknown`. The journal remembers it, so no older
    directory brings the key back."""
    return Call("POST", "/operator/key/revoke", keys.KeyRevoked, body=body)


def operator_fees_show(query: fees.OfAccount) -> Call[list[fees.AccountFees]]:
    """GET /operator/fees/show: For each market, in order of their numbers. `user-unknown`, `account-unknown`."""
    return Call("GET", "/operator/fees/show", list[fees.AccountFees], query=query)


def operator_fees_set(body: fees.SetFees) -> Call[list[fees.AccountFees]]:
    """POST /operator/fees/set: For orders from now on; those in the book keep the fees that they came with. `fee-invalid`, `user-
    unknown`, `account-unknown`."""
    return Call("POST", "/operator/fees/set", list[fees.AccountFees], body=body)


def operator_ledger_balances(query: ledger.OfHolder) -> Call[list[ledger.BalanceRow]]:
    """GET /operator/ledger/balances: Of each asset that the account ever had. `user-unknown`, `account-unknown`."""
    return Call("GET", "/operator/ledger/balances", list[ledger.BalanceRow], query=query)


def operator_ledger_entries(query: ledger.ListEntries) -> Call[list[ledger.EntryRow]]:
    """GET /operator/ledger/entries: `user-unknown`, `account-unknown`, `asset-unknown`, `history-unavailable`."""
    return Call("GET", "/operator/ledger/entries", list[ledger.EntryRow], query=query)


def operator_ledger_totals() -> Call[list[ledger.TotalRow]]:
    """GET /operator/ledger/totals: Every asset. The money of all accounts together is what came in from the world, to the last atom."""
    return Call("GET", "/operator/ledger/totals", list[ledger.TotalRow])


def operator_order_list(query: orders.ListOrders) -> Call[list[orders.OrderRow]]:
    """GET /operator/order/list: In order of id; those of history newest first. `user-unknown`, `market-unknown`."""
    return Call("GET", "/operator/order/list", list[orders.OrderRow], query=query)


def operator_order_open(query: orders.ListOpenOrders | None = None) -> Call[orders.OpenOrders]:
    """GET /operator/order/open: Everybody's open orders, newest first. `market-unknown`."""
    return Call("GET", "/operator/order/open", orders.OpenOrders, query=query)


def operator_order_find(query: orders.OfOrder) -> Call[orders.OrderRow]:
    """GET /operator/order/find: Anybody's order by its number, live or finished. `order-unknown`, `history-unavailable`."""
    return Call("GET", "/operator/order/find", orders.OrderRow, query=query)


def operator_order_cancel(body: orders.CancelOrders) -> Call[list[orders.OrderCancelled]]:
    """POST /operator/order/cancel: Takes orders back, each by itself. `order-unknown` names those that are not open; nothing was done
    then."""
    return Call("POST", "/operator/order/cancel", list[orders.OrderCancelled], body=body)


def operator_order_cancel_all(body: orders.CancelAll) -> Call[orders.AllCancelled]:
    """POST /operator/order/cancel-all: `user-unknown`, `market-unknown`."""
    return Call("POST", "/operator/order/cancel-all", orders.AllCancelled, body=body)


def operator_withdrawal_list(query: withdrawals.ListWithdrawals | None = None) -> Call[list[withdrawals.WithdrawalRow]]:
    """GET /operator/withdrawal/list: `user-unknown`, `account-unknown`."""
    return Call("GET", "/operator/withdrawal/list", list[withdrawals.WithdrawalRow], query=query)


def operator_withdrawal_approve(body: withdrawals.OfWithdrawal) -> Call[withdrawals.WithdrawalRow | dual_control.Approval]:
    """POST /operator/withdrawal/approve: Lets a withdrawal that waits for approval go. Where there are two operators, it goes when two
    have said so, and who asked for it is none of them. `withdrawal-unknown`, `approval-not-awaited`, `own-withdrawal`."""
    return Call("POST", "/operator/withdrawal/approve", withdrawals.WithdrawalRow, body=body, accepted=dual_control.Approval)


def operator_withdrawal_refuse(body: withdrawals.RefuseWithdrawal) -> Call[withdrawals.WithdrawalRow]:
    """POST /operator/withdrawal/refuse: Gives the money of a withdrawal back that has not been sent, whether it waits for approval or
    for its turn. `withdrawal-unknown`, `not-cancellable`, `unavailable`, `reason-too-long`."""
    return Call("POST", "/operator/withdrawal/refuse", withdrawals.WithdrawalRow, body=body)


def operator_asset_list() -> Call[list[markets.AssetRow]]:
    """GET /operator/asset/list: By number."""
    return Call("GET", "/operator/asset/list", list[markets.AssetRow])


def operator_asset_create(body: market_terms.AssetListing) -> Call[markets.AssetRow]:
    """POST /operator/asset/create: A new asset, for ever. `asset-invalid`, `core-asset-exists`."""
    return Call("POST", "/operator/asset/create", markets.AssetRow, body=body)


def operator_market_list() -> Call[list[markets.MarketRow]]:
    """GET /operator/market/list: By number."""
    return Call("GET", "/operator/market/list", list[markets.MarketRow])


def operator_market_create(body: market_terms.MarketListing) -> Call[markets.MarketRow]:
    """POST /operator/market/create: A new market, open at once. `market-invalid`, `asset-unknown`, `core-market-exists`."""
    return Call("POST", "/operator/market/create", markets.MarketRow, body=body)


def operator_market_status(body: markets.SetStatus) -> Call[markets.MarketRow]:
    """POST /operator/market/status: Halts a market (no new orders, cancels still work) or opens it again. `market-unknown`."""
    return Call("POST", "/operator/market/status", markets.MarketRow, body=body)


def operator_market_terms(body: markets.SetTerms) -> Call[markets.MarketRow]:
    """POST /operator/market/terms: Limits and fees for orders from now on; those that rest keep the fees they came with. `market-
    unknown`, `market-invalid`."""
    return Call("POST", "/operator/market/terms", markets.MarketRow, body=body)


def operator_market_groups() -> Call[list[linked_markets.GroupRow]]:
    """GET /operator/market/groups: By number."""
    return Call("GET", "/operator/market/groups", list[linked_markets.GroupRow])


def operator_snapshot() -> Call[upkeep.Snapshot]:
    """POST /operator/snapshot: Writes a snapshot now, so that the next start replays less. `snapshot-failed`."""
    return Call("POST", "/operator/snapshot", upkeep.Snapshot)


def operator_backup_start() -> Call[backup_jobs.BackupState]:
    """POST /operator/backup/start: Starts a backup into a new directory below the one that the configuration names. `no-backup-
    directory`, `backup-running`, `backup-failed`."""
    return Call("POST", "/operator/backup/start", backup_jobs.BackupState)


def operator_backup_list() -> Call[backups.Backups]:
    """GET /operator/backup/list: The backup that was started last, and all that lie in the directory for them. `backup-failed` when
    that cannot be read."""
    return Call("GET", "/operator/backup/list", backups.Backups)


def operator_approval_list() -> Call[list[dual_control.Approval]]:
    """GET /operator/approval/list: What one operator asked for and another one must ask for too, oldest first."""
    return Call("GET", "/operator/approval/list", list[dual_control.Approval])


def operator_approval_withdraw(body: dual_control.OfApproval) -> Call[dual_control.Approval]:
    """POST /operator/approval/withdraw: Takes back what waits for a second operator, whoever asked for it. `approval-unknown`."""
    return Call("POST", "/operator/approval/withdraw", dual_control.Approval, body=body)


def operator_audit_list(query: audit_records.ListRecords | None = None) -> Call[audit_records.AuditPage]:
    """GET /operator/audit/list: What operators asked for, newest first. `user-unknown`, `account-unknown`, `audit-damaged`."""
    return Call("GET", "/operator/audit/list", audit_records.AuditPage, query=query)
