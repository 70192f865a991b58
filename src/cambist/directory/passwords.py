"""Argon2id, with the same work for names that do not exist."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .values import DirectoryRejection, Entropy

MIN_CHARACTERS = 8
MAX_CHARACTERS = 1024
_SALT_BYTES = 16


def cheap_password_hasher() -> PasswordHasher:
    """Argon2id at its lowest cost: for sandboxes and tests, whose passwords protect nothing."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Passwords:
    """Hashes and checks. Costs tens of milliseconds with real parameters and releases the GIL: call it on a worker thread."""

    def __init__(self, hasher: PasswordHasher, entropy: Entropy) -> None:
        self._hasher = hasher
        self._entropy = entropy
        self._decoy = ""

    def rejection(self, password: str) -> DirectoryRejection | None:
        """Why this text cannot be a password, None when it can."""
        if len(password) < MIN_CHARACTERS:
            return DirectoryRejection.PASSWORD_TOO_SHORT
        return DirectoryRejection.PASSWORD_TOO_LONG if len(password) > MAX_CHARACTERS else None

    def hash(self, label: str, password: str) -> str:
        """The encoded hash with its parameters and salt. `label` is unique per hash."""
        return self._hasher.hash(_octets(password), salt=self._entropy(f"password-salt/{label}", _SALT_BYTES))

    def check(self, stored: str | None, password: str) -> bool:
        """Whether the password belongs to the hash. None (no such user) costs the same and is False."""
        if not self._decoy:
            self._decoy = self._hasher.hash(b"nobody has this password", salt=bytes(_SALT_BYTES))
        try:
            matches = self._hasher.verify(stored or self._decoy, _octets(password[: MAX_CHARACTERS + 1]))
        except (VerificationError, InvalidHashError):
            return False
        return matches and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def _octets(password: str) -> bytes:
    # A lone surrogate from a JSON body is no reason to fail: it is one more character nobody has in his password.
    return password.encode("utf-8", "surrogatepass")
