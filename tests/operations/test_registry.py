"""Every operation is asked in one way: decoded strictly, recorded, and durable before it is told."""

import ast
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from cambist.operations.operation import Effect
from cambist.operations.registry import OPERATIONS
from cambist.operations.rejections import Kind, Rejected
from tests.operations.conftest import CLERK, Office

COMMAND_LINE = Path(__file__).resolve().parents[2] / "src/cambist/app"


@pytest.mark.parametrize(
    ("name", "arguments", "code", "kind"),
    [
        ("user.sing", {}, "operation-unknown", Kind.NOT_FOUND),
        ("user.add", {}, "arguments-invalid", Kind.MALFORMED),
        ("user.add", {"name": 7}, "arguments-invalid", Kind.MALFORMED),
        ("user.list", {"colour": "red"}, "arguments-invalid", Kind.MALFORMED),
        ("order.list", {"user": "x", "state": "sung"}, "arguments-invalid", Kind.MALFORMED),
        ("order.list", {"user": "x", "limit": 0}, "arguments-invalid", Kind.MALFORMED),
        ("ledger.entries", {"user": "x", "limit": 1_001}, "arguments-invalid", Kind.MALFORMED),
        ("user.freeze", {"user": "nobody"}, "user-unknown", Kind.NOT_FOUND),
        ("ledger.balances", {"user": "@99"}, "account-unknown", Kind.NOT_FOUND),
        ("user.password", {"user": "@5"}, "user-unknown", Kind.NOT_FOUND),
    ],
)
async def test_what_cannot_be_done_is_a_value_with_a_stable_code(
    office: Office, name: str, arguments: dict[str, object], code: str, kind: Kind
) -> None:
    rejected = await office.operations.run(CLERK, name, arguments)
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.kind) == (code, kind)
    assert rejected.text


async def test_what_was_answered_is_in_the_journal(office: Office, alice: int) -> None:
    await office.done("fund", user="alice", amounts="USD=1")
    assert office.sequencer.backlog == 0


async def test_a_command_says_where_its_reason_stands(office: Office, alice: int) -> None:
    (record,) = [record for record in (await office.done("audit.list"))["rows"] if record["operation"] == "fund"]
    memos = [meta.memo for meta in office.metas if meta.memo and meta.memo.get("audit") == record["record"]]
    assert memos == [{"by": "operator", "audit": record["record"]}] * 2, "one command for each asset"


def test_changes_are_recorded_whoever_forgets_to_say_so() -> None:
    silent = [name for name, operation in OPERATIONS.items() if operation.effect == Effect.CHANGE and not operation.recorded]
    assert silent == []


def test_every_operation_says_what_it_does() -> None:
    assert [name for name, operation in OPERATIONS.items() if not operation.run.__doc__] == []


def asked_by_the_command_line() -> dict[str, set[str]]:
    """Names of operations, and of the arguments that are given with them, as the sources of the command line spell them."""
    found: dict[str, set[str]] = {}
    for path in COMMAND_LINE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"ask", "asked", "ask_running"}:
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        found.setdefault(argument.value, set()).update(keyword.arg for keyword in node.keywords if keyword.arg)
    return found


def test_the_command_line_asks_for_every_operation_and_for_no_other() -> None:
    asked = asked_by_the_command_line()
    assert asked.keys() == OPERATIONS.keys()
    for name, arguments in asked.items():
        assert arguments <= set(OPERATIONS[name].request.__struct_fields__), name


def filled(hint: object, number: int) -> object:
    """A value of a field's type; every number is `number`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return filled(arguments[0], number)
    if origin is Literal:
        return arguments[0]
    if origin is list:
        return [filled(arguments[0], number)]
    if origin in (Union, UnionType):
        return filled(arguments[0], number)
    return {int: number, bool: True, str: "alice"}[hint]  # type: ignore[index]  # the types that requests have


@pytest.mark.parametrize("number", [-1, 0, (1 << 63) - 1, 1 << 63, 1 << 80])
@pytest.mark.parametrize("name", OPERATIONS)
async def test_no_number_is_too_odd_to_be_answered(office: Office, alice: int, name: str, number: int) -> None:
    hints = get_type_hints(OPERATIONS[name].request, include_extras=True)
    arguments = {field: filled(hint, number) for field, hint in hints.items()}
    await office.operations.run(CLERK, name, arguments)
