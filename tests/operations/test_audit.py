"""The audit log: who, what, with which arguments and to what end; no secret, no name, and nothing taken out unnoticed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cambist.operations import audit
from cambist.operations.audit import AuditDamaged, AuditFailed, AuditLog
from tests.operations.conftest import CLERK, Office

Lines = list[bytes]


async def test_each_call_is_there_with_its_outcome(office: Office) -> None:
    added = await office.done("user.add", name="alice", password="a password")
    await office.refused("fund", user="alice", amounts="BTC=nothing")
    await office.done("user.list")
    listed = await office.done("audit.list")
    assert [(record["by"], record["operation"], record["outcome"], record["account"]) for record in listed] == [
        (CLERK.name, "user.add", "done", added["account"]),
        (CLERK.name, "fund", "amount-invalid", None),
    ]
    assert listed[0]["time"] == office.clock.now
    assert listed[1]["arguments"] == {"user": f"@{added['account']}", "amounts": "BTC=nothing"}
    assert [record["operation"] for record in await office.done("audit.list", limit=1)] == ["fund"]


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
    assert [(record.operation, record.outcome) for record in audit.records(tmp_path / "audit.jsonl")] == [
        ("user.add", "unknown"),
        ("fund", "done"),
    ]


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
    assert len(audit.records(file)) == 3
    file.write_bytes(b"".join(harm(file.read_bytes().splitlines(keepends=True))))
    with pytest.raises(AuditDamaged, match=r"audit\.jsonl, line \d"):
        audit.records(file)


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
    assert [record["outcome"] for record in await office.done("audit.list")] == ["unknown"]
