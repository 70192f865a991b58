"""Who is calling: an API key's signature, or a session's cookie.

A key signs `timestamp`, method, path, query and body, each on a line of its own, with HMAC-SHA256 or Ed25519. A cookie lets nobody in from
another site: it is SameSite, what changes something needs the CSRF token in a field of its own, and an Origin must be this server.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import ClassVar, final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cambist._core import SignedRequests
from cambist.api_types.problems import Code, Problem, problem
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.signed_call import SignedCall
from cambist.dialects.native.scopes import DEFAULT_KEY_SCOPES, KEY_SCOPES, ROLE_SCOPES, SESSION_SCOPES
from cambist.dialects.native.settings import Settings
from cambist.directory import ApiKey, Directory, KeyForm, Role, Session
from cambist.directory.values import Clock, Entropy
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId
from cambist.exchange.commands import Commands

DIALECT = "native"
KEY, TIMESTAMP, SIGNATURE = b"cambist-key", b"cambist-timestamp", b"cambist-signature"
"""Fields of a signed request."""
CSRF = b"cambist-csrf"
COOKIE = "cambist-session"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Behind TLS: browsers then take it from this host alone."""
ED25519 = "ed25519:"
"""What the stored secret of a key begins with that is a public key."""
WRONG_SIGNATURE = 0
"""In place of a nonce."""
SAFE_METHODS = frozenset({"GET", "HEAD"})
PUBLIC_KEYS = 1_024
"""Parsed Ed25519 keys that are kept."""


def _make_key(entropy: Entropy) -> tuple[str, str]:
    """A key of 32 hex digits, and a secret of 64."""
    return entropy("key", 16).hex(), entropy("secret", 32).hex()


KEY_FORM = KeyForm(DIALECT, _make_key, KEY_SCOPES, DEFAULT_KEY_SCOPES, marked=lambda key: f"sandbox-{key}")


def ed25519_form(public_key: str) -> KeyForm:
    """The form of a key whose owner keeps the private half; `public_key`: 64 hex digits."""
    return KeyForm(DIALECT, lambda entropy: (entropy("key", 16).hex(), ED25519 + public_key), KEY_SCOPES, DEFAULT_KEY_SCOPES)


def csrf_token(token: str) -> str:
    """Of a session, 32 hex digits: it follows from the session's token, which no page can read."""
    return blake2b(token.encode(), digest_size=16, person=b"cambist csrf").hexdigest()


@final
class KeyCaller(SignedCall, eq=False, gc=False, kw_only=True):
    """Whoever signed with a key. `scopes`: what it may do, by the values of Scope."""

    account: AccountId
    user: int
    scopes: frozenset[str]


@final
class SessionCaller(msgspec.Struct, eq=False, gc=False):
    """Whoever logged in. `token` is their cookie's."""

    session: Session
    token: str
    role: Role | None = None
    carried: ClassVar[bool] = True
    """There is no nonce to use up."""

    @property
    def account(self) -> AccountId:
        return self.session.account

    @property
    def user(self) -> int:
        return self.session.user

    @property
    def scopes(self) -> frozenset[str]:
        """What it may do, by the values of Scope."""
        return SESSION_SCOPES if self.role is None else SESSION_SCOPES | ROLE_SCOPES[self.role]

    def meta(self, memo: dict[str, object] | None = None, tag: str = "") -> Meta:
        """The meta of a command that this request causes."""
        return Meta(tag=tag, memo=memo)

    async def claim(self, commands: Commands) -> None:
        """Nothing is to be claimed."""


Caller = KeyCaller | SessionCaller


class Authenticator:
    """Finds callers. Whether a nonce was used, the command port judges."""

    def __init__(self, directory: Directory, wall_clock: Clock, settings: Settings) -> None:
        self._directory = directory
        self._find_key = directory.find_key
        self._wall_clock = wall_clock
        self._signed = SignedRequests(TIMESTAMP, SIGNATURE, settings.timestamp_window_seconds * 1_000_000)
        self._public_keys: dict[int, Ed25519PublicKey] = {}

    def caller(self, request: Request, changes: bool) -> Caller | Problem:
        """Who sent a request. `changes`: it uses up its nonce. A key goes before a cookie."""
        headers = request.headers
        sent = headers.get(KEY)
        if sent is None:
            return self._logged_in(request)
        key = self._find_key(sent.decode("latin-1"))
        if key is None or key.dialect != DIALECT:
            return problem(Code.KEY_UNKNOWN)
        # A digest stands for the request: two that differ in anything are two, and one that is sent again is refused. An HMAC is one
        # already; of one message there are many good Ed25519 signatures.
        if key.secret.startswith(ED25519):
            nonce = self._verified(key, request)
        else:
            nonce = self._signed.hmac_nonce(
                key.hmac_key("sha256"), headers, request.method, request.path, request.query, request.body, self._wall_clock()
            )
        if nonce == WRONG_SIGNATURE:
            return problem(Code.SIGNATURE_WRONG)
        if key.ip_allow and not key.allows(request.client):
            return problem(Code.ADDRESS_REFUSED)
        if nonce > 0:
            return problem(Code.TIMESTAMP_WRONG)
        return KeyCaller(key, nonce if changes else 0, not changes, account=key.account, user=key.user, scopes=key.scopes)

    def _logged_in(self, request: Request) -> SessionCaller | Problem:
        """Who sent a request without a key."""
        token = session_token(request)
        session = self._directory.sessions.find(token) if token else None
        if session is None:
            return problem(Code.UNAUTHENTICATED)
        if request.method not in SAFE_METHODS and not hmac.compare_digest(request.headers.get(CSRF, b""), csrf_token(token).encode()):
            return problem(Code.CSRF_WRONG)
        if not from_this_site(request):
            return problem(Code.CSRF_WRONG, "This request comes from another site's page.")
        return SessionCaller(session, token, self._directory.role(session.user))

    def identify(self, request: Request) -> Identity | None:
        """Whose key or session a request names; nothing is verified but the session's token."""
        sent = request.headers.get(KEY)
        if sent is not None:
            key = self._directory.find_key(sent.decode("latin-1"))
            timestamp = request.headers.get(TIMESTAMP, b"").decode("latin-1")
            return Identity(key.account, key.key, timestamp) if key is not None and key.dialect == DIALECT else None
        token = session_token(request)
        session = self._directory.sessions.find(token) if token else None
        return Identity(session.account, f"session {session.id}") if session is not None else None

    def _verified(self, key: ApiKey, request: Request) -> int:
        """The nonce of a request by an Ed25519 key, or what is wrong, as `SignedRequests.hmac_nonce` has it."""
        headers = request.headers
        message = self._signed.message(headers, request.method, request.path, request.query, request.body)
        try:
            self._public_key(key).verify(bytes.fromhex(headers.get(SIGNATURE, b"").decode("latin-1")), message)
        except (InvalidSignature, ValueError):
            return WRONG_SIGNATURE
        return self._signed.nonce(blake2b(message, digest_size=8).digest(), headers, self._wall_clock())

    def _public_key(self, key: ApiKey) -> Ed25519PublicKey:
        known = self._public_keys.get(key.id)
        if known is None:
            known = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.secret.removeprefix(ED25519)))
            if len(self._public_keys) >= PUBLIC_KEYS:
                del self._public_keys[next(iter(self._public_keys))]
            self._public_keys[key.id] = known
        return known


def session_token(request: Request) -> str:
    """The session cookie's value; empty when there is none. Over TLS only the one that browsers keep to this host counts."""
    return cookie(request, SECURE_COOKIE if request.scheme == "https" else COOKIE)


def cookie(request: Request, name: str) -> str:
    """A cookie's value; empty when there is none."""
    for pair in request.headers.get(b"cookie", b"").decode("latin-1").split(";"):
        found, _, value = pair.strip().partition("=")
        if found == name:
            return value
    return ""


def from_this_site(request: Request) -> bool:
    """Whether a page of this server made a browser send it, as far as the browser says."""
    origin = request.headers.get(b"origin")
    return origin is None or origin.decode("latin-1") == request.base_url
