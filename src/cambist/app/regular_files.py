"""Reading files that a person names: regular ones of bounded size, so that no device, pipe or huge file is read without end."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MEBIBYTE = 1 << 20
MOST_CONFIGURATION = MEBIBYTE
"""Bytes of a file of settings, of a certificate or of a key."""


class Unsuitable(Exception):
    """A file that is not read; the text says why."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading. OSError; Unsuitable for what is no regular file. A pipe that nobody writes into is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unsuitable("this is no regular file")
    with open(descriptor, "rb") as file:
        yield file


def read(path: Path, most: int = MOST_CONFIGURATION) -> bytes:
    """Its content. OSError; Unsuitable when it is no regular file, or longer than `most` bytes, which are whole MiB."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        # Files that the system makes while they are read have no size.
        content = file.read(size or most + 1) if size <= most else b""
    if max(size, len(content)) > most:
        raise Unsuitable(f"it has more than {most // MEBIBYTE} MiB")
    return content
