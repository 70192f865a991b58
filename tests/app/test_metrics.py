"""What /metrics of a real venue says of its markets, its disk and itself."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.support.btce_client import BtceClient
from tests.support.documented_metrics import documented_metrics
from tests.support.processes import Running, serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("metrics"), "sandbox", "--quiet", "--users", "alice,bob") as running:
        yield running


def scraped(running: Running) -> dict[tuple[str, str], float]:
    """Samples by name and the value of the label that tells them apart."""
    request = urllib.request.Request(f"{running.url}/metrics", headers={"Accept": "application/openmetrics-text"})
    with urllib.request.urlopen(request) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))  # type: ignore[no-untyped-call]
    found = {}
    for family in families:
        for sample in family.samples:
            found[sample.name, "/".join(sample.labels[name] for name in sorted(sample.labels) if name in ("market", "reason", "le"))] = (
                sample.value
            )
    return found


async def test_orders_trades_and_rejections_of_each_market(sandbox: Running) -> None:
    before = scraped(sandbox)
    keys = [user["keys"]["btce"] for user in sandbox.ready["users"]]
    alice, bob = (BtceClient(sandbox.port, key["key"], key["secret"]) for key in keys)
    order = {"pair": "btc_usd", "rate": "1000"}
    assert (await alice.call("Trade", type="sell", amount="0.5", **order)).result
    assert (await bob.call("Trade", type="buy", amount="0.2", **order)).result
    assert not (await bob.call("Trade", type="buy", amount="90000", **order)).result
    after = scraped(sandbox)
    grown = {key: after[key] - before.get(key, 0) for key in after}
    assert grown["cambist_orders_total", "btc_usd"] == 2
    assert grown["cambist_trades_total", "btc_usd"] == 1
    assert grown["cambist_orders_total", "ltc_usd"] == 0
    assert sum(value for key, value in grown.items() if key[0] == "cambist_order_rejections_total") == 1
    assert after["cambist_market_halted", "btc_usd"] == 0
    assert grown["cambist_sync_seconds_count", ""] >= 2


def test_the_disk_the_process_and_what_runs(sandbox: Running) -> None:
    found = scraped(sandbox)
    assert found["cambist_disk_free_bytes", ""] > 1_000_000
    assert found["process_resident_memory_bytes", ""] > 10_000_000
    assert found["process_cpu_seconds_total", ""] > 0
    assert found["cambist_build_info", ""] == 1


def test_every_metric_that_the_documentation_names_is_there(sandbox: Running) -> None:
    named = documented_metrics().everywhere
    there = {name for name, _label in scraped(sandbox)}
    there |= {name.removesuffix(end) for name in there for end in ("_bucket", "_count", "_sum") if name.endswith(end)}
    with_labels_only = {"cambist_order_rejections_total", "cambist_refused_total"}
    assert named - there - with_labels_only == set()
    assert len(named) > 20
