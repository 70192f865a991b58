"""The file that repeats a run somewhere else: docs/reference/run-bundle.md has its format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import msgspec

from cambist.sandbox import removed_secrets
from cambist.sandbox.request_log import Exchange, Record, RequestLog
from cambist.sandbox.sent_bytes import SentBytes

FORMAT = 1
MANIFEST, INPUTS, COMMANDS, FAULTS = "manifest.json", "inputs.jsonl", "commands.bin", "faults.json"
SENT = "sent/"
MOST_BYTES = 1 << 30
"""Of a bundle unpacked: what says that it is larger is not opened."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class BundleUnreadable(Exception):
    """The file is no bundle, is damaged, or is of another format; the text says which."""


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many there were, and a hash of them in 64 hex digits."""

    count: int
    """Commands: how many. Bytes that were sent: how many."""
    hash: str
    """64 hex digits."""
    connections: int = 0
    """Of bytes that were sent: on how many connections that count."""


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run began with."""

    seed: int
    """Of the market, the keys and the passwords."""
    clock: str
    """manual, real, or x60 and the like."""
    users: str | None
    """The users' names, with commas between; null: the default ones."""
    fund: str
    """What each user was given; empty: the default amounts."""
    preset: str
    """Of the traders."""
    configuration: dict[str, Any]
    """All settings that counted."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle is of."""

    format: int
    version: str
    """Of the program."""
    start: Start
    time: int
    """µs by the sandbox's clock when the bundle was made."""
    commands: Counted
    sent: Counted
    gaps: list[str]
    """Why it cannot be repeated; empty when it can."""


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of `inputs.jsonl`: a request, or something that a client did on a socket. Texts are bytes, a character each (Latin-1)."""

    number: int
    kind: str
    """request, opened, received, closed."""
    connection: int
    offset: int = 0
    """How many bytes the connection had been sent before."""
    time: int = 0
    dialect: str = ""
    method: str = ""
    target: str = ""
    """Path and query."""
    headers: dict[str, str] = {}
    body: str = ""
    """Of a request; of a message on a socket the message."""
    binary: bool = False
    faults: list[str] = []


class Bundle(msgspec.Struct, frozen=True):
    """A bundle's content. `sent`: the bytes of each connection that counts, by its number, secrets masked."""

    manifest: Manifest
    inputs: list[Input]
    commands: bytes
    sent: dict[int, bytes]
    faults: Any = None


def inputs_of(log: RequestLog) -> list[Input]:
    """What clients did, in order."""
    return [found for record in log if (found := _input(record)) is not None]


def _input(record: Record) -> Input | None:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in record.headers.items()}
    if isinstance(record, Exchange):
        target = record.path + ("?" + record.query.decode("latin-1") if record.query else "")
        return Input(
            record.number,
            "request",
            record.connection,
            record.offset,
            record.time,
            record.dialect,
            record.method,
            target,
            headers,
            record.body.decode("latin-1"),
            faults=list(record.faults),
        )
    if record.direction == "sent":
        return None
    shared = (record.number, record.direction, record.connection, record.offset, record.time, record.dialect)
    text = record.data.decode("latin-1")
    if record.direction == "opened":
        return Input(*shared, "GET", text, headers)
    return Input(*shared, body=text, binary=record.binary, faults=list(record.faults))


def gaps_of(log: RequestLog, sent: SentBytes, start: Start, *, fresh: bool, changed: bool, cut: bool) -> list[str]:
    """Why a run cannot be repeated from its start and its inputs. `fresh`: its data directory was new.

    `changed`: it was reset or restored. `cut`: a movement of the clock ended when its client left.
    """
    gaps = []
    if start.clock != "manual":
        gaps.append("its clock moved by itself: only a run with --clock manual can be repeated")
    if not fresh:
        gaps.append("its data directory was not new when it started")
    if changed:
        gaps.append("it was reset or restored since: only what happened since the start of the process can be repeated")
    if cut:
        gaps.append("a movement of the clock ended when its client left, at a time that depends on the machine's speed")
    if log.dropped:
        gaps.append(f"{log.dropped:,} records are kept no more: a bundle has the newest 50,000 of each kind")
    if any(not connection.whole for connection in sent.kept()):
        gaps.append("more was sent than is kept (64 MiB)")
    return gaps


def packed(bundle: Bundle) -> bytes:
    """The file, the same bytes for the same content."""
    files: dict[str, bytes] = {
        MANIFEST: msgspec.json.format(msgspec.json.encode(bundle.manifest, order="sorted")) + b"\n",
        INPUTS: b"".join(msgspec.json.encode(each) + b"\n" for each in bundle.inputs),
        COMMANDS: bundle.commands,
        FAULTS: msgspec.json.format(msgspec.json.encode(bundle.faults, order="sorted")) + b"\n",
        **{f"{SENT}{number}.bin": data for number, data in sorted(bundle.sent.items())},
    }
    packed_files = io.BytesIO()
    with zipfile.ZipFile(packed_files, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, data)
    return packed_files.getvalue()


def unpacked(data: bytes) -> Bundle:
    """BundleUnreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise BundleUnreadable("it is larger than any bundle")
            files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BundleUnreadable(f"it is no bundle, or damaged: {error}") from None
    except Exception as error:  # zlib's own, for which it has no public base
        if type(error).__module__ != "zlib":
            raise
        raise BundleUnreadable(f"it is damaged: {error}") from None
    return _read(files)


def _read(files: Mapping[str, bytes]) -> Bundle:
    try:
        found = msgspec.json.decode(files[MANIFEST], type=dict[str, Any]).get("format")
        if found != FORMAT:
            raise BundleUnreadable(f"it has format {found}; this version reads format {FORMAT}")
        manifest = msgspec.json.decode(files[MANIFEST], type=Manifest)
        inputs = [msgspec.json.decode(line, type=Input) for line in files[INPUTS].splitlines()]
        sent = {int(name.removeprefix(SENT).removesuffix(".bin")): data for name, data in files.items() if name.startswith(SENT)}
        strange = set(files) - {MANIFEST, INPUTS, COMMANDS, FAULTS, *(f"{SENT}{number}.bin" for number in sent)}
        if strange or (not manifest.gaps and sum(map(len, sent.values())) != manifest.sent.count):
            raise BundleUnreadable("it is damaged: it has other files, or other sizes, than it says")
        return Bundle(manifest, inputs, files[COMMANDS], sent, msgspec.json.decode(files[FAULTS]))
    except KeyError as error:
        raise BundleUnreadable(f"it lacks {error.args[0]}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BundleUnreadable(f"it is damaged: {error}") from None


def masked_sent(sent: SentBytes) -> dict[int, bytes]:
    """What each connection that counts was sent."""
    return {connection.number: removed_secrets.masked(bytes(connection.kept)) for connection in sent.kept()}
