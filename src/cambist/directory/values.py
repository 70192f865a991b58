"""What the directory hands out: users, API keys, the form of a key, and the rejections that people can cause."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cambist._core import HmacKey
from cambist.domain.units import AccountId

Clock = Callable[[], int]
"""µs since the epoch."""
Entropy = Callable[[str, int], bytes]
"""(label, length) to that many unpredictable bytes. A sandbox derives them from its seed and the label, so labels never repeat."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOUR = 3_600_000_000
REVEAL_WINDOW = HOUR
"""How long after minting a key's secret can be fetched again, µs."""


class DirectoryRejection(StrEnum):
    """Why the directory said no. The value is a stable code; `words` is the sentence for people."""

    NAME_INVALID = "name-invalid"
    NAME_TAKEN = "name-taken"
    ACCOUNT_TAKEN = "account-taken"
    PASSWORD_TOO_SHORT = "password-too-short"  # noqa: S105 - a code, no password
    PASSWORD_TOO_LONG = "password-too-long"  # noqa: S105
    USER_ERASED = "user-erased"
    USER_FROZEN = "user-frozen"
    SCOPE_UNKNOWN = "scope-unknown"
    ADDRESS_INVALID = "address-invalid"
    KEY_TAKEN = "key-taken"
    KEY_REVOKED = "key-revoked"
    REVEAL_OVER = "reveal-over"
    TOTP_ACTIVE = "totp-active"
    HOTP_ACTIVE = "hotp-active"
    PASSKEY_TAKEN = "passkey-taken"
    TOO_MANY_PASSKEYS = "too-many-passkeys"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    DirectoryRejection.NAME_INVALID: (
        "a name has 2 to 32 characters: letters, digits, dot, dash, underscore; it starts with a letter or digit"
    ),
    DirectoryRejection.NAME_TAKEN: "this name is taken (names are compared without regard to case)",
    DirectoryRejection.ACCOUNT_TAKEN: "this account already belongs to a user",
    DirectoryRejection.PASSWORD_TOO_SHORT: "a password has at least 8 characters",
    DirectoryRejection.PASSWORD_TOO_LONG: "a password has at most 1,024 characters",
    DirectoryRejection.USER_ERASED: "this user was erased",
    DirectoryRejection.USER_FROZEN: "this user is frozen",
    DirectoryRejection.SCOPE_UNKNOWN: "this API has no such scope",
    DirectoryRejection.ADDRESS_INVALID: "an allowed address is an IPv4 or IPv6 address or network, such as 192.0.2.7 or 2001:db8::/32",
    DirectoryRejection.KEY_TAKEN: "the key exists already",
    DirectoryRejection.KEY_REVOKED: "this key was revoked",
    DirectoryRejection.REVEAL_OVER: "a secret can be shown again only in the first hour; create a new key",
    DirectoryRejection.TOTP_ACTIVE: "one-time codes are already switched on",
    DirectoryRejection.HOTP_ACTIVE: "a key for one-time codes is already in use",
    DirectoryRejection.PASSKEY_TAKEN: "this passkey is enrolled already",
    DirectoryRejection.TOO_MANY_PASSKEYS: "one user has at most 20 passkeys: remove one first",
}


class LoginRejection(StrEnum):
    """Why a login, or a one-time code, was not accepted. The value is a stable code; `words` is the sentence for people.

    Whoever answers strangers shows WRONG for CODE_REQUIRED and CODE_WRONG too, unless it asks for the code in a step of its own: that
    the password was right is then told before the code is.
    """

    WRONG = "login-wrong"
    CODE_REQUIRED = "code-required"
    CODE_WRONG = "code-wrong"
    PAUSED = "login-paused"
    CODE_PAUSED = "code-paused"
    FROZEN = "user-frozen"

    @property
    def words(self) -> str:
        return _LOGIN_WORDS[self]


_LOGIN_WORDS = {
    LoginRejection.WRONG: "name or password is wrong",
    LoginRejection.CODE_REQUIRED: "a one-time code is required",
    LoginRejection.CODE_WRONG: "this one-time code is wrong or was used before",
    LoginRejection.PAUSED: "too many wrong attempts; try again later",
    LoginRejection.CODE_PAUSED: "too many wrong one-time codes; try again later",
    LoginRejection.FROZEN: "this user is frozen; ask the operator",
}


class DirectoryError(Exception):
    """The directory cannot do its work on this machine as it is: the text says what to change."""


class DirectoryBusy(DirectoryError):
    """Another process (or another Directory in this one) has the file open."""


class DirectoryUnreadable(DirectoryError):
    """The file is no directory, is damaged, or was written by a newer program."""


class DirectoryUnavailable(DirectoryError):
    """The directory's database is away, or too slow: what only it knows cannot be told, and nothing changed. What memory has goes on."""


class MasterKeyWrong(DirectoryError):
    """The file was sealed under another master key."""


class MasterKeyUnsafe(DirectoryError):
    """The key file can be read by others, or does not hold a key."""


class Role(StrEnum):
    """What a user may do for the venue over the network, beside trading."""

    OPERATOR = "operator"
    SUPPORT = "support"
    """Sees what operators see, and changes nothing."""
    AUDITOR = "auditor"
    """The same, for whoever checks the books."""


@dataclass(frozen=True, slots=True)
class User:
    """A person. `erased` and `frozen` are the times (µs) at which that began, or None.

    An erased user keeps id and account, and the name is empty. A frozen one keeps everything, but no key and no login is accepted.
    """

    id: int
    name: str
    account: AccountId
    created: int
    erased: int | None = None
    frozen: int | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class UserSummary:
    """A user, how many live keys they have, and whether one-time codes are on."""

    user: User
    keys: int
    second_factor: bool


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How one dialect's keys look.

    `make(entropy)` gives `(key, secret)`, both text; it labels what it draws with its own words ("key", "secret"), the directory makes
    the labels unique. The key is stored readable and is what `find_key` is asked for, the secret is stored sealed: an API whose only
    credential is a bearer token returns a digest of the token as key and the token as secret. `scopes` are the ones that the API has
    (empty: not checked), `default_scopes` those that a key gets when nobody says: what cannot take money out of the account.
    `credentials` gives what a client needs, by the names that people know it by. `marked`, where an API has room for it, makes of a
    key one that shows everybody that it is of a sandbox.
    """

    dialect: str
    make: Callable[[Entropy], tuple[str, str]]
    scopes: frozenset[str] = frozenset()
    default_scopes: frozenset[str] = frozenset()
    credentials: Callable[[ApiKey], dict[str, str]] = lambda key: {"key": key.key, "secret": key.secret}
    marked: Callable[[str], str] | None = None

    def of_sandbox(self) -> KeyForm:
        """The form of a sandbox's keys: the same, where there is no room for a mark."""
        mark, make = self.marked, self.make
        if mark is None:
            return self

        def marked(entropy: Entropy) -> tuple[str, str]:
            key, secret = make(entropy)
            return mark(key), secret

        return replace(self, make=marked)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of one user for one dialect. `id` is the journal's `key_id` and is never given twice. Times in µs.

    `secret` is empty once the key is revoked, and never part of a repr. Whoever looks a key up checks `dialect` too: keys of all
    dialects share one table.
    """

    id: int
    user: int
    account: AccountId
    dialect: str
    key: str
    secret: str = field(repr=False)
    scopes: frozenset[str]
    ip_allow: tuple[Network, ...]
    created: int
    revoked: int | None = None
    _hmac_keys: dict[str, HmacKey] = field(default_factory=dict, init=False, repr=False, compare=False)

    def hmac_key(self, digest: str, secret: Callable[[ApiKey], bytes] | None = None) -> HmacKey:
        """Its secret for HMACs with that digest (sha256, sha384, sha512). `secret` makes the bytes of the secret, UTF-8 unless given.

        What depends on the secret alone is computed once: about half the work of a short message. A dialect uses one `secret` per digest.
        """
        made = self._hmac_keys.get(digest)
        if made is None:
            made = self._hmac_keys[digest] = HmacKey(digest, self.secret.encode() if secret is None else secret(self))
        return made

    def permits(self, scope: str) -> bool:
        """Whether the key may do what needs this scope."""
        return scope in self.scopes

    def allows(self, ip: str) -> bool:
        """Whether a request from this address may use the key. An empty list allows every address, also an unreadable one."""
        if not self.ip_allow:
            return True
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            # A dual-stack socket reports 192.0.2.7 as ::ffff:192.0.2.7; the list means the person's address, not the socket's family.
            address = address.ipv4_mapped
        return any(address in network for network in self.ip_allow)


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...] | DirectoryRejection:
    """Addresses and networks as people write them; host bits are cleared, IPv4-mapped IPv6 networks become IPv4 ones."""
    networks: list[Network] = []
    for text in texts:
        try:
            network: Network = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            return DirectoryRejection.ADDRESS_INVALID
        mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
        if mapped is not None and network.prefixlen >= 96:
            network = ipaddress.IPv4Network((mapped, network.prefixlen - 96))
        networks.append(network)
    return tuple(networks)
