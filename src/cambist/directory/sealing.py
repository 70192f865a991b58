"""Encryption at rest: AES-256-GCM under the master key, and the file that holds that key."""

import hashlib
import hmac
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .values import Entropy, MasterKeyUnsafe, MasterKeyWrong

MASTER_KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12


class Sealer:
    """Seals short secrets. The context ("api-key/17") is authenticated, so a sealed secret cannot be moved to another row."""

    __slots__ = ("_cipher", "_entropy", "_master_key")

    def __init__(self, master_key: bytes, entropy: Entropy) -> None:
        if len(master_key) != MASTER_KEY_BYTES:
            raise MasterKeyUnsafe(f"a master key has {MASTER_KEY_BYTES} bytes, this one {len(master_key)}")
        self._master_key = master_key
        self._cipher = AESGCM(master_key)
        self._entropy = entropy

    def __repr__(self) -> str:
        return "Sealer()"

    def seal(self, context: str, plain: str) -> bytes:
        """Version byte, 12 bytes nonce, ciphertext with its tag."""
        text = plain.encode()
        # The label names the text through a keyed digest: entropy that is a function of its label (a sandbox's) then still never
        # gives one nonce to two texts, which is what AES-GCM must not meet.
        digest = hashlib.blake2b(text, key=self._master_key, digest_size=16).hexdigest()
        nonce = self._entropy(f"seal/{context}/{digest}", _NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text, context.encode())

    def mac(self, context: str, size: int) -> bytes:
        """A code of `size` bytes (64 at most) that nobody without the master key can make; `context` begins with what it is for."""
        return hashlib.blake2b(context.encode(), key=self._master_key, digest_size=size, person=b"cambist mac").digest()

    @staticmethod
    def equal(first: bytes, second: bytes) -> bool:
        """In constant time."""
        return hmac.compare_digest(first, second)

    def unseal(self, context: str, sealed: bytes) -> str:
        """The text again; MasterKeyWrong when the key, the context or the bytes are not the ones of `seal`."""
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            return self._cipher.decrypt(nonce, body, context.encode()).decode()
        except (InvalidTag, ValueError):
            raise MasterKeyWrong(
                f"cannot unseal {context}: the master key is not the one it was sealed with, or the row was altered"
            ) from None


def load_or_create_master_key(path: str | os.PathLike[str], entropy: Entropy) -> bytes:
    """The 32 bytes of the key file (64 hex digits, mode 0600), drawn from `entropy` and written durably when there is no file.

    MasterKeyUnsafe when the file is open to group or others, or holds no key. Never overwrites an existing file.
    """
    file = Path(path)
    try:
        return _read(file)
    except FileNotFoundError:
        _create(file, entropy("master-key", MASTER_KEY_BYTES))
        return _read(file)


def read_master_key(path: Path) -> bytes | None:
    """The key in the file; None when there is no file. MasterKeyUnsafe, OSError."""
    try:
        return _read(path)
    except FileNotFoundError:
        return None


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
        text = opened.read(200)
    if mode & 0o077:
        raise MasterKeyUnsafe(f"{file} has mode {mode:04o}: others can read the master key. Run: chmod 600 {file}")
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise MasterKeyUnsafe(f"{file} holds no master key (64 hexadecimal digits expected): restore it from your backup")
    return key


def _create(file: Path, key: bytes) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(key.hex().encode() + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    try:
        # link, not rename: of two processes that start at once, one key wins and both read that one.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    parent = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
