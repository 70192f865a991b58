"""ccxws, unmodified, against a live sandbox: its CoinEx client follows trades and book while thousands of orders come and go."""

from pathlib import Path

from tests.support.ccxws import LIMIT, follow
from tests.support.processes import serving

ORDERS, CHECKPOINTS = 4_000, 8


def test_ccxws_has_the_servers_book_and_every_trade(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as running:
        tokens = {user["name"]: user["keys"]["expie"]["token"] for user in running.ready["users"]}
        followed = follow(running.url, [tokens["alice"], tokens["bob"]], ORDERS, CHECKPOINTS, tmp_path)
    assert (len(followed.book["asks"]), len(followed.book["bids"])) == (LIMIT, LIMIT)
    assert followed.trades > 500
    assert followed.updates + followed.snapshots > CHECKPOINTS
