"""The files of the built page, each read once and compressed when it was built: a request for one costs a look into a dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

FOLDER = Path(__file__).parent / "built"
"""Where `scripts/web.py` puts the page; package data of a wheel, and nothing that git knows."""
MANIFEST = "manifest.json"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    etag: str
    encodings: list[str] = []
    """In which the file lies there compressed, the smallest first."""


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What `web/build/pack.ts` writes: the page's own paths, and its files by name."""

    paths: list[str]
    files: dict[str, _File]


ENDINGS = {"br": ".br", "gzip": ".gz"}
"""What a file's name ends with in each encoding."""


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file, and the same compressed: (content coding, bytes), the smallest first, the file as it is last."""

    content_type: bytes
    etag: bytes
    variants: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """`shell` is the document that every path of the page has; `paths` are their first parts, such as `trade`; `assets` by path."""

    shell: BuiltFile
    paths: tuple[str, ...]
    assets: dict[str, BuiltFile]

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Self | None:
        """The page; None when it has not been built."""
        try:
            manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
            files = {name: _read(folder / name, file) for name, file in manifest.files.items()}
        except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
            return None  # of an older build, or of one that is under way: as good as none
        shell = files.pop("index.html")
        return cls(shell, tuple(manifest.paths), {f"/{name}": file for name, file in files.items()})


def _read(path: Path, file: _File) -> BuiltFile:
    variants = [(coding.encode(), path.with_name(path.name + ENDINGS[coding]).read_bytes()) for coding in file.encodings]
    return BuiltFile(file.type.encode(), f'"{file.etag}"'.encode(), (*variants, (b"", path.read_bytes())))
