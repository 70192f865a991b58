"""`cambist sandbox ctl`: a command for each operation of the control API, made from the operations."""

import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cambist.app.command_line.output import path_option, print_json
from cambist.app.errors import Exit, OperatorError

Url = Annotated[str | None, typer.Option("--url", help="Address of the sandbox.", show_default="the one that runs on this machine")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Output = Annotated[Path | None, path_option("--output", help="Write the reply into this file.", show_default="standard output")]
_SCALARS = (bool, int, float, str)


class OperationGroup(TyperGroup):
    """Its commands are made when somebody asks for them: no other command waits for the operations to be imported."""

    @property
    def commands(self) -> Any:
        return self._made

    @commands.setter
    def commands(self, _none: Any) -> None:
        """Called by the base class, which knows of no commands."""

    @cached_property
    def _made(self) -> Any:
        from cambist.sandbox.control.catalogue import OPERATIONS

        made = typer.Typer(rich_markup_mode=None)
        made.callback()(lambda: None)
        for operation in OPERATIONS:
            made.command(operation.name, help=operation.summary)(_command(operation))
        group: Any = typer.main.get_command(made)
        return group.commands


app = typer.Typer(cls=OperationGroup, no_args_is_help=True, help="Ask a running sandbox for something, or have it do something.")


def sandbox_url(url: str | None) -> str:
    """The address that was given, or that of the one sandbox which runs on this machine for this user. OperatorError."""
    if url is not None:
        return url
    import os

    from cambist.sandbox import run_files

    found = run_files.running(run_files.place(os.environ))
    if len(found) == 1:
        return found[0].url
    if not found:
        raise OperatorError("no sandbox of yours runs on this machine: start one with `cambist sandbox`, or name one with --url")
    listed = "; ".join(f"--url {one.url} (seed {one.seed}, process {one.pid})" for one in found)
    raise OperatorError(f"{len(found)} sandboxes run on this machine, name one: {listed}", Exit.USAGE)


@dataclass(frozen=True)
class _Field:
    """An option or argument and where its value goes: `place` are the names from the operation's struct inwards."""

    place: tuple[str, ...]
    type: Any
    required: bool
    help: str

    @property
    def parameter(self) -> str:
        return "__".join(self.place)

    @property
    def option(self) -> str:
        return option_of(self.place)

    @property
    def form(self) -> str:
        """What stands for its value in help."""
        kinds = list(dict.fromkeys(_kinds(self.type)))
        if any(kind not in (*_SCALARS, list) for kind in kinds):
            return "JSON"
        if list in kinds:
            return "WORD,WORD"
        return " or ".join("TEXT" if kind is str else "NUMBER" for kind in kinds if kind is not bool) or "TEXT"

    def value(self, given: Any) -> Any:
        """What JSON has for a text of the command line. OperatorError USAGE."""
        kinds = set(_kinds(self.type))
        if not isinstance(given, str):
            return given
        if any(kind not in _SCALARS for kind in kinds) and given[:1] in ("{", "["):
            return _parsed(given, self.option)
        if list in kinds:
            return [word.strip() for word in given.split(",") if word.strip()]
        if kinds & {int, float}:
            try:
                number = _parsed(given, self.option)
            except OperatorError:
                return given
            return number if isinstance(number, int | float) else given
        return given


def option_of(place: tuple[str, ...]) -> str:
    return "--" + "-".join(place).replace("_", "-")


def _parsed(text: str, option: str) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise OperatorError(f"{option}: this is no JSON: {error}", Exit.USAGE) from None
    except RecursionError:
        raise OperatorError(f"{option}: this is nested too deeply", Exit.USAGE) from None


def _kinds(type_: Any) -> Iterator[Any]:
    """The classes that values of a type have: scalars, list, dict, structs."""
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is Annotated:
        yield from _kinds(arguments[0])
    elif origin in (typing.Union, types.UnionType):
        for one in arguments:
            yield from _kinds(one)
    elif origin is typing.Literal:
        yield from map(type, arguments)
    elif origin is not None:
        yield list if origin in (list, tuple, set, frozenset) else origin
    elif type_ is not type(None) and getattr(type_, "__name__", "") != "UnsetType":
        yield type_


def _fields(struct: Any, place: tuple[str, ...] = ()) -> Iterator[_Field]:
    """The fields of a struct, and of the one struct that a field may be."""
    import msgspec

    from cambist.sandbox.control.descriptions import field_texts

    texts = field_texts(struct)
    for field in msgspec.structs.fields(struct):
        inner = (*place, field.name)
        structs = [kind for kind in _kinds(field.type) if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
        text = texts.get(field.name, "")
        yield _Field(inner, field.type, field.required and not place, f"{text} JSON, or by the options below." if structs else text)
        if len(structs) == 1 and len(place) < 2:
            yield from _fields(structs[0], inner)


def _command(operation: Any) -> Callable[..., None]:
    """A function with a parameter for each field, as Typer reads one."""
    fields = {field.parameter: field for field in _fields(operation.takes)}

    def run(url: str | None, json: bool, output: Path | None, **given: Any) -> None:
        _carry_out(operation, fields, {name: value for name, value in given.items() if value is not None}, (url, json, output))

    parameters = [_parameter(field, operation.path_fields) for field in fields.values()]
    ends = [("url", Url, None), ("json", Json, False), ("output", Output, None)]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind) for name, kind, default in ends
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameter(field: _Field, path_fields: tuple[str, ...]) -> inspect.Parameter:
    """Fields in the path are arguments, all others options."""
    if field.place[0] in path_fields:
        annotation: Any = Annotated[str, typer.Argument(help=field.help, show_default=False, metavar=field.parameter.upper())]
        return inspect.Parameter(field.parameter, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
    flag = set(_kinds(field.type)) == {bool}
    option = typer.Option(
        f"{field.option}/--no-{field.option[2:]}" if flag else field.option,
        help=field.help,
        show_default=False,
        metavar=None if flag else field.form,
    )
    kind: Any = bool if flag else str
    default = inspect.Parameter.empty if field.required else None
    annotation = Annotated[kind if field.required else kind | None, option]
    return inspect.Parameter(field.parameter, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _carry_out(operation: Any, fields: Mapping[str, _Field], given: Mapping[str, Any], how: tuple[str | None, bool, Path | None]) -> None:
    import msgspec

    from cambist.sandbox.control.operations import JSON
    from cambist.sandbox.control_client.calls import Calls, ControlError, is_text

    url, as_json, output = how
    named: dict[str, Any] = {}
    for name, value in given.items():
        field = fields[name]
        inner = named
        for part in field.place[:-1]:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise OperatorError(f"{field.option}: {option_of(field.place[:-1])} is given as a whole already", Exit.USAGE)
        inner[field.place[-1]] = field.value(value)
    try:
        taken = msgspec.convert(named, operation.takes)
    except msgspec.ValidationError as error:
        raise OperatorError(_complaint(str(error)), Exit.USAGE) from None
    try:
        reply = Calls(sandbox_url(url)).call(operation, taken)
    except ControlError as error:
        raise OperatorError(error.words) from None
    if operation.media != JSON:
        write_reply(reply, output, text=is_text(operation.media))
    elif output is not None:
        write_reply(msgspec.json.encode(reply) + b"\n", output, text=True)
    elif as_json:
        print_json(reply)
    else:
        typer.echo("\n".join(_lines(msgspec.to_builtins(reply))))


def _complaint(text: str) -> str:
    """msgspec's "Expected `int`, got `str` - at `$.until.order`" with the option in front."""
    words, _, place = text.partition(" - at `$")
    names = tuple(name for name in place.rstrip("`").split(".") if name)
    return f"{option_of(names)}: {words}" if names else words


def write_reply(reply: bytes, output: Path | None, *, text: bool) -> None:
    """OperatorError where a terminal would get bytes, or the file cannot be written."""
    if output is not None:
        try:
            output.write_bytes(reply)
        except OSError as error:
            raise OperatorError(f"{output}: cannot be written: {error.strerror}", Exit.USAGE) from None
        return
    if not text and sys.stdout.isatty():
        raise OperatorError("the reply is not text: give it a file with --output", Exit.USAGE)
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """JSON values for people: a line for each scalar, what belongs together indented; what is not set is left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                yield f"{indent}{name}:"
                yield from _lines(inner, f"{indent}  ")
            elif inner is not None:
                yield f"{indent}{name}: {_scalar(inner)}"
    elif isinstance(value, list):
        for inner in value:
            first, *rest = _lines(inner, f"{indent}  ")
            yield f"{indent}- {first.strip()}"
            yield from rest
    else:
        yield f"{indent}{_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return "none"
    return str(value)
