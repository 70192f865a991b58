"""Markets that an operator links, the rates that are kept, and what the page of it promises."""

import json
import re
import shlex
from pathlib import Path

from tests.support.processes import cambist, serving
from tests.support.waiting import wait_until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "link-markets.md"


def run(data: Path, *arguments: str) -> str:
    answer = cambist(*arguments, "--data", data)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def refused(data: Path, *arguments: str) -> str:
    answer = cambist(*arguments, "--data", data)
    assert answer.returncode != 0
    return answer.stderr


def rates(data: Path) -> dict[str, dict[str, object]]:
    found = json.loads(run(data, "rates", "show", "BTC", "--json"))
    return {row["asset"]: row for row in found}


def test_every_command_of_the_page_does_what_it_says_and_stays(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    lines = [line for block in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE) for line in block.splitlines()]
    with serving(tmp_path, "serve", "--data", data):
        printed = [run(data, *shlex.split(line)[1:]) for line in lines]
        assert printed[0] == "btc_usd, btc_eur are linked; rates are quoted in USD.\n"
        assert printed[-1] == "btc_gbp is linked to no other market any more.\n"
    with serving(tmp_path, "serve", "--data", data):
        found = rates(data)
        assert {code: row["rate"] for code, row in found.items()} == {"USD": "1", "EUR": "1.0861", "GBP": "1.27"}
        assert {row["conversion"] for code, row in found.items() if code != "GBP"} == {"100000"}
        audit = run(data, "audit", "list", "--json")
    assert [record["operation"] for record in json.loads(audit)].count("rates.set") == 2


def test_what_cannot_be_linked_or_rated_is_said(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        assert "--anchor USD" in refused(data, "market", "link", "btc_usd", "btc_eur")
        assert "one base" in refused(data, "market", "link", "btc_usd", "ltc_usd", "--anchor", "USD")
        assert "no market btc_xyz" in refused(data, "market", "link", "btc_usd", "btc_xyz", "--anchor", "USD")
        assert "no group BTC" in refused(data, "rates", "set", "BTC", "EUR=1")
        run(data, "market", "link", "btc_usd", "btc_eur", "--anchor", "USD")
        for wrong, text in (
            ("EUR", "write rates"),
            ("EUR=x", "the rate is no decimal number"),
            ("EUR=-1", "the rate is below zero"),
            ("EUR=1e30", "the rate is too large: at most"),
            ("EUR=1e-13", "the rate has more than 12 decimals"),
            ("EUR=1,USD=1", "USD is the anchor of BTC's group: its rate is 1 for ever"),
            ("XYZ=1", "no asset XYZ"),
            ("EUR=1,EUR=2", "named twice"),
        ):
            assert text in refused(data, "rates", "set", "BTC", wrong)
        assert (rates(data)["EUR"]["rate"], rates(data)["EUR"]["age_seconds"]) == ("", None), "all or nothing"
        assert "anchor is USD" in refused(data, "market", "link", "btc_usd", "--anchor", "EUR")
        assert "ltc_usd is linked with no other market" in refused(data, "market", "unlink", "ltc_usd")


def test_rates_come_from_a_file(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        run(data, "market", "link", "btc_usd", "btc_eur", "--anchor", "USD")
    (data / "rates.toml").write_text('[BTC]\nEUR = "1.0861"\n')
    config = data / "config.toml"
    before, rates_section = config.read_text().split("[rates]\n")
    config.write_text(before + "[rates]\n" + rates_section.replace('file = ""', 'file = "rates.toml"', 1))
    with serving(tmp_path, "serve", "--data", data):
        wait_until(lambda: rates(data)["EUR"]["rate"] == "1.0861")
        (record,) = json.loads(run(data, "audit", "list", "--json", "--limit", "1"))
    assert (record["by"], record["operation"]) == ("rates file", "rates.set")
