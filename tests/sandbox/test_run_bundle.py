"""The file that repeats a run: the same bytes for the same run, and clear words for what is no such file."""

import io
import zipfile
from collections.abc import Callable

import msgspec
import pytest

from cambist.sandbox.run_bundle import Bundle, BundleUnreadable, Counted, Input, Manifest, Start, packed, unpacked

START = Start(7, "manual", "alice", "", "calm", {"wallet": {"confirmations": 3}})
BUNDLE = Bundle(
    Manifest(1, "0.1.0", START, 1_577_836_800_000_000, Counted(2, "ab"), Counted(271, "cd", 2), []),
    [
        Input(1, "request", 1, 0, 5, "expie", "GET", "/v1/markets?x=\xff", {"host": "x"}),
        Input(2, "received", 2, 9, 5, body="\x00\xff", binary=True),
    ],
    b"\x01\x02",
    {1: b"HTTP/1.1 200 OK", 2: bytes(range(256))},
    {"armed": []},
)


def test_a_bundle_comes_back_as_it_was_packed_and_is_packed_the_same_each_time() -> None:
    assert unpacked(packed(BUNDLE)) == BUNDLE
    assert packed(unpacked(packed(BUNDLE))) == packed(BUNDLE)
    with zipfile.ZipFile(io.BytesIO(packed(BUNDLE))) as archive:
        entries = archive.infolist()
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {(entry.compress_type, entry.create_system, entry.external_attr) for entry in entries} == {
            (zipfile.ZIP_DEFLATED, 3, 0o644 << 16)
        }


def rewritten(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The bundle with other files in it."""
    with zipfile.ZipFile(io.BytesIO(packed(BUNDLE))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def without_inputs(files: dict[str, bytes]) -> None:
    del files["inputs.jsonl"]


def in_format(number: int) -> bytes:
    manifest = msgspec.to_builtins(BUNDLE.manifest) | {"format": number}
    return rewritten(lambda files: files.update({"manifest.json": msgspec.json.encode(manifest)}))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no bundle"),
        (b"PK\x03\x04 and then nothing", "no bundle"),
        (packed(BUNDLE)[:-40], "no bundle"),
        (packed(BUNDLE).replace(b"manifest.json", b"manifest.jsom"), "no bundle|lacks"),
        (rewritten(without_inputs), "it lacks inputs.jsonl"),
        (rewritten(lambda files: files.update({"inputs.jsonl": b"{"})), "it is damaged"),
        (rewritten(lambda files: files.update({"sent/x.bin": b""})), "it is damaged"),
        (rewritten(lambda files: files.update({"manifest.json": b'{"format":1}'})), "it is damaged"),
        (in_format(2), "it has format 2; this version reads format 1"),
    ],
    ids=[
        "nothing",
        "a beginning",
        "cut off",
        "renamed",
        "without inputs",
        "no JSON",
        "a strange file",
        "half a manifest",
        "a later format",
    ],
)
def test_what_is_no_bundle_is_told(data: bytes, words: str) -> None:
    with pytest.raises(BundleUnreadable, match=words):
        unpacked(data)


def test_each_flipped_byte_of_the_file_is_noticed_or_harmless() -> None:
    whole = packed(BUNDLE)
    for at in range(0, len(whole), 3):
        flipped = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        try:
            assert unpacked(flipped) == BUNDLE, at
        except BundleUnreadable:
            continue
