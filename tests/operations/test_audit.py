"""The audit log: who, what, with which arguments and to what end; no secret, no name, and nothing taken out unnoticed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cambist.domain.units import AccountId
from cambist.operations import audit, audit_reading
from cambist.operations.audit import AuditDamaged, AuditFailed, AuditLog
from cambist.operations.operation import Actor
from tests.operations.conftest import CLERK, Office

Lines = list[bytes]


async def test_each_call_is_there_with_its_outcome(office: Office) -> None:
    added = await office.done("user.add", name="alice", password="a password")
    await office.refused("fund", user="alice", amounts="BTC=nothing")
    await office.done("user.list")
    listed = (await office.done("audit.list"))["rows"][::-1]
    assert [(record["by"], record["operation"], record["outcome"], record["account"]) for record in listed] == [
        (CLERK.name, "user.add", "done", added["account"]),
        (CLERK.name, "fund", "amount-invalid", None),
    ]
    assert listed[0]["time"] == office.clock.now
    assert listed[1]["arguments"] == {"user": f"@{added['account']}", "amounts": "BTC=nothing"}
    assert [record["operation"] for record in (await office.done("audit.list", limit=1))["rows"]] == ["fund"]


async def test_no_secret_and_no_name_lies_in_the_file(office: Office, tmp_path: Path) -> None:
    await office.done("user.add", name="alice", password="a password")
    await office.done("user.password", user="Alice", password="another password")
    await office.done("second-factor.enrol", user="alice")
    await office.refused("second-factor.confirm", user="alice", code="000000")
    key = await office.done("key.create", user="alice", dialect="btce")
    text = (tmp_path / "audit.jsonl").read_text()
    assert text.count("\n") == 10
    for word in ("alice", "Alice", "a password", "another password", '"000000"', key["credentials"]["secret"]):
        assert word not in text, word


def test_what_a_crash_cut_short_is_of_unknown_outcome(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.begin(1, "uid 0", "user.add", {})
    log.close()
    with (tmp_path / "audit.jsonl").open("ab") as torn:
        torn.write(b'{"record":2,"ti')
    again = AuditLog(tmp_path / "audit.jsonl")
    number = again.begin(2, "uid 0", "fund", {})
    again.end(3, number, "done")
    again.close()
    rows, _ = audit_reading.newest(tmp_path / "audit.jsonl", 10)
    assert [(record.operation, record.outcome) for record in rows] == [("fund", "done"), ("user.add", "unknown")]


@pytest.mark.parametrize(
    "harm",
    [
        lambda lines: [lines[0].replace(b'"a"', b'"b"'), *lines[1:]],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines[:-1], b"{}\n"],
        lambda lines: [b"nonsense\n", *lines[1:]],
    ],
    ids=["changed", "taken out", "swapped", "last one emptied", "noise"],
)
def test_a_line_that_is_not_what_was_written_is_noticed(tmp_path: Path, harm: Callable[[Lines], Lines]) -> None:
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    for name in ("a", "b", "c"):
        log.begin(1, "uid 0", name, {})
    log.close()
    assert len(list(audit.lines(file))) == len(audit_reading.newest(file, 10)[0]) == 3
    file.write_bytes(b"".join(harm(file.read_bytes().splitlines(keepends=True))))
    with pytest.raises(AuditDamaged, match=r"audit\.jsonl, line \d"):
        list(audit.lines(file))
    with pytest.raises(AuditDamaged, match=r"audit\.jsonl, byte \d"):
        audit_reading.newest(file, 10)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    AuditLog(tmp_path / "audit.jsonl").close()
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


async def test_nothing_is_done_that_cannot_be_recorded(office: Office) -> None:
    office.audit.close()
    with pytest.raises(AuditFailed, match=r"audit\.jsonl"):
        await office.done("user.add", name="alice", password="a password")
    assert office.directory.user("alice") is None


async def test_what_is_done_is_not_denied_when_its_end_cannot_be_recorded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(office.audit, "end", full)
    await office.done("user.add", name="alice")
    assert [record["outcome"] for record in (await office.done("audit.list"))["rows"]] == ["unknown"]


def write_log(file: Path, count: int) -> None:
    """Records of `user.freeze` and `market.status` in turn, of accounts 16 to 18, each with its end."""
    log = AuditLog(file)
    for number in range(count):
        operation, arguments = ("user.freeze", {"user": f"@{16 + number % 3}"}) if number % 2 else ("market.status", {"name": "btc_usd"})
        record = log.begin(1_000 + number, f"@{20 + number % 10} from 192.0.2.7", operation, arguments)
        log.end(1_000 + number, record, "done" if number % 4 else "market-unknown")
    log.close()


def test_pages_follow_each_other_to_the_beginning(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    write_log(file, 25)
    seen, before = [], None
    while True:
        rows, before = audit_reading.newest(file, 10, before)
        seen += [(row.time, row.outcome) for row in rows]
        if before is None:
            break
    assert seen == [(1_000 + number, "done" if number % 4 else "market-unknown") for number in reversed(range(25))]


def test_what_ends_behind_its_page_is_joined_with_its_end(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    long = log.begin(1, "uid 0", "backup", {})
    for number in range(3):
        log.end(2, log.begin(2, "uid 0", "user.freeze", {"user": f"@{number}"}), "done")
    log.end(3, long, "done")
    log.close()
    rows, before = audit_reading.newest(file, 3)
    assert [row.operation for row in rows] == ["user.freeze"] * 3
    rows, before = audit_reading.newest(file, 3, before)
    assert [(row.operation, row.outcome) for row in rows] == [("backup", "done")]
    assert before is None


@pytest.mark.parametrize(
    ("wanted", "times"),
    [
        (audit_reading.AuditFilter(operation="user"), [7, 5, 3, 1]),
        (audit_reading.AuditFilter(operation="user.freeze", account=16), [3]),
        (audit_reading.AuditFilter(operation="use"), []),
        (audit_reading.AuditFilter(by="@23"), [3]),
        (audit_reading.AuditFilter(by="@2"), []),
        (audit_reading.AuditFilter(outcome="market-unknown"), [4, 0]),
        (audit_reading.AuditFilter(since=1_002, until=1_004), [4, 3, 2]),
    ],
)
def test_records_are_found_by_what_they_say(tmp_path: Path, wanted: audit_reading.AuditFilter, times: list[int]) -> None:
    file = tmp_path / "audit.jsonl"
    write_log(file, 8)
    rows, before = audit_reading.newest(file, 100, None, wanted)
    assert ([row.time - 1_000 for row in rows], before) == (times, None)


async def test_records_name_people_by_account_and_the_page_says_who_that_is(office: Office) -> None:
    alice, bob = [(await office.done("user.add", name=name, password="a password"))["account"] for name in ("alice", "bob")]
    await office.done("user.freeze", user="alice")
    await office.done("user.freeze", user="bob")
    page = await office.done("audit.list", user="Alice")
    assert [(row["operation"], row["account"], row["arguments"].get("user")) for row in page["rows"]] == [
        ("user.freeze", None, f"@{alice}"),
        ("user.add", alice, None),
    ]
    assert page["names"] == {f"@{alice}": "alice"}
    await office.done("user.erase", user="alice")
    page = await office.done("audit.list", user=f"@{alice}")
    assert (len(page["rows"]), page["names"]) == (3, {}), "who was erased has no name here either"
    assert (await office.done("audit.list"))["names"] == {f"@{bob}": "bob"}
    assert await office.refused("audit.list", user="alice") == "user-unknown"
    assert await office.refused("audit.list", user="@999999") == "account-unknown"


async def test_who_asked_is_found_by_name_too(office: Office) -> None:
    olga = (await office.done("user.add", name="olga", password="a password"))["account"]
    actor = Actor(f"@{olga} from 192.0.2.7", AccountId(olga))
    await office.operations.run(actor, "market.status", {"name": "btc_usd", "halted": True})
    for by in ("olga", "OLGA", f"@{olga}", actor.name):
        page = await office.done("audit.list", by=by)
        assert [row["operation"] for row in page["rows"]] == ["market.status"], by
        assert page["names"] == {f"@{olga}": "olga"}
    assert (await office.done("audit.list", by="maria"))["rows"] == []


async def test_a_cursor_that_is_none_is_refused(office: Office) -> None:
    await office.done("user.add", name="alice")
    assert await office.refused("audit.list", cursor="3") == "audit-damaged"
    assert await office.refused("audit.list", cursor="999999") == "audit-damaged"
    assert await office.refused("audit.list", cursor="x") == "arguments-invalid"
