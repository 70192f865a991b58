"""People: signing up, logging in, second factors, sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cambist.api_types.values import Id, Request, Time, Value

Name = Annotated[str, Meta(max_length=64, examples=["maria"])]
Password = Annotated[str, Meta(max_length=2_048, description="8 to 1,024 characters")]
OneTimeCode = Annotated[str, Meta(max_length=64, description="six digits from an app or a token, or a recovery code", examples=["123456"])]


class SignUp(Request, frozen=True, kw_only=True):
    """A new user."""

    name: Name
    password: Password


class LogIn(Request, frozen=True, kw_only=True):
    """`code`: where one-time codes are switched on."""

    name: Name
    password: Password
    code: OneTimeCode | None = None


class Profile(Value, frozen=True, kw_only=True):
    """A user as they see themselves. `recovery_codes`: how many are still good. `role`: what they may do for the venue, mostly nothing."""

    name: str
    account: int
    created: Time
    second_factor: bool
    recovery_codes: int
    role: Literal["operator", "support", "auditor"] | None


class Session(Value, frozen=True, kw_only=True):
    """A login. `csrf_token` goes into the field `cambist-csrf` of whatever changes something. Until `proved_until` nothing asks for a proof
    (`proof-required`) of who one is; a proof holds for `proof_seconds`."""

    id: Id
    csrf_token: str
    expires: Time
    proved_until: Time
    proof_seconds: int
    profile: Profile


class SessionRow(Value, frozen=True, kw_only=True):
    """A login of one's own: from which address, with which browser. `current`: this very one."""

    id: Id
    created: Time
    expires: Time
    address: str
    agent: str
    current: bool


class ChangePassword(Request, frozen=True, kw_only=True):
    """`password` is the present one; `code` where one-time codes are on."""

    password: Password
    new_password: Password
    code: OneTimeCode | None = None


class Enrolment(Value, frozen=True, kw_only=True):
    """What an authenticator app needs: the base32 secret, or the same as an address, which the QR code (an SVG drawing) shows."""

    secret: str
    uri: str
    qr_svg: str


class ConfirmCode(Request, frozen=True, kw_only=True):
    """The app's first code."""

    code: OneTimeCode


class ProveIdentity(Request, frozen=True, kw_only=True):
    """Password and code once more, for what a stolen session must not do."""

    password: Password
    code: OneTimeCode | None = None


class RecoveryCodes(Value, frozen=True, kw_only=True):
    """Each is good once in place of a one-time code. They are shown here and never again."""

    codes: list[str]


SecurityEventKind = Literal[
    "signed-up",
    "logged-in",
    "login-failed",
    "logged-out",
    "password-changed",
    "codes-on",
    "codes-off",
    "recovery-codes-renewed",
    "session-revoked",
    "key-created",
    "key-revoked",
    "passkey-added",
    "passkey-renamed",
    "passkey-removed",
    "passkey-login",
    "passkey-suspect",
    "identity-proved",
]


class SecurityEvent(Value, frozen=True, kw_only=True):
    """Something that happened to one's security, and from which address it was asked for."""

    id: Id
    time: Time
    kind: SecurityEventKind
    address: str
