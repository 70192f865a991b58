"""Who is calling: key, nonce and signature of a request or a login, either header family, either spelling of the path."""

from hashlib import blake2b

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.signed_call import SignedCall
from cambist.dialects.btse import errors
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.settings import NonceRule, Settings
from cambist.directory import MAX_NONCE, ApiKey, Directory, KeyForm
from cambist.directory.nonces import Nonces
from cambist.directory.values import Clock, Entropy

DIALECT = "btse"
READ, TRADING = "read", "trading"
SCOPES = frozenset({READ, TRADING})
FAMILIES = (
    (b"request-api", b"request-nonce", b"request-sign"),
    (b"btse-api", b"btse-nonce", b"btse-sign"),
)
PREFIX = "/spot"


def _make_key(entropy: Entropy) -> tuple[str, str]:
    """Key and passphrase of 64 hex digits each."""
    return entropy("key", 32).hex(), entropy("secret", 32).hex()


KEY_FORMS = (KeyForm(DIALECT, _make_key, SCOPES, frozenset({READ, TRADING})),)


def signed(key: ApiKey, sign: bytes, path: str, nonce: bytes, body: bytes = b"") -> bool:
    """Whether it is the lower-case hex HMAC-SHA384 over path, nonce and body without separators."""
    return key.hmac_key("sha384").verify_hex(path.encode() + nonce + body, sign)


class Caller(SignedCall, eq=False, gc=False, kw_only=True):
    """An authenticated request. `mark`: a number (1 to 2^63 - 1) that tells the orders of requests apart.

    It follows from the signature, so no other request has it; or, with `idempotent`, from the idempotency key that the client gave, so that
    a second order for that key is seen to be one.
    """

    mark: int
    idempotent: bool = False


class Authenticator:
    """Verifies signatures, and the form and the window of nonces. Whether a nonce was used, the command port judges."""

    def __init__(self, directory: Directory, wall_clock: Clock, settings: Settings) -> None:
        self._directory = directory
        self._wall_clock = wall_clock
        self._window = settings.nonce_window_seconds * 1_000_000
        self._rule = settings.nonce_rule

    def signed(self, request: Request) -> tuple[ApiKey, bytes, bytes] | Rejection:
        """(key, nonce as sent, signature) of a rightly signed request; nothing is used up by asking."""
        headers = request.headers
        family = next((names for names in FAMILIES if headers.get(names[0])), None)
        if family is None:
            return errors.API_MISSING
        sent_key, nonce, sign = (headers.get(name, b"") for name in family)
        if not nonce:
            return errors.NONCE_MISSING
        if not sign:
            return errors.SIGN_MISSING
        key = self._directory.find_key(sent_key.decode("latin-1"))
        if key is None or key.dialect != DIALECT:
            return errors.KEY_UNKNOWN
        path = request.path
        other = path.removeprefix(PREFIX) if path.startswith(PREFIX) else PREFIX + path
        right = [signed(key, sign, spelling, nonce, request.body) for spelling in (path, other)]
        if not any(right):
            return errors.SIGN_WRONG
        return self._from_here(key, request.client) or (key, nonce, sign)

    def identify(self, request: Request) -> Identity | None:
        """Whose key a request names."""
        for key_name, nonce_name, _sign in FAMILIES:
            sent = request.headers.get(key_name)
            if sent:
                key = self._directory.find_key(sent.decode("latin-1"))
                if key is None or key.dialect != DIALECT:
                    return None
                return Identity(key.account, key.key, request.headers.get(nonce_name, b"").decode("latin-1"))
        return None

    def login(self, sent_key: str, nonce: bytes, sign: bytes, paths: tuple[str, ...], client: str) -> Caller | Rejection:
        """Who speaks on a socket: its login frame is signed over one of `paths` and the nonce."""
        key = self._directory.find_key(sent_key)
        if key is None or key.dialect != DIALECT:
            return errors.KEY_UNKNOWN
        right = [signed(key, sign, path, nonce) for path in paths]
        if not any(right):
            return errors.SIGN_WRONG
        rejection = self._from_here(key, client)
        if rejection is not None:
            return rejection
        return self.call(key, nonce, sign, changes=False)

    def _from_here(self, key: ApiKey, client: str) -> Rejection | None:
        return errors.ADDRESS_REFUSED if key.ip_allow and not key.allows(client) else None

    def call(
        self, key: ApiKey, nonce: bytes, sign: bytes, *, changes: bool, unsigned: bytes = b"", idempotency_key: bytes = b""
    ) -> Caller | Rejection:
        """The rightly signed request as a call whose nonce is to be judged; or "Invalid nonce" when it cannot be right.

        A request that changes nothing has nothing to be judged, unless the stricter rule is on. `unsigned` is what the request says beside
        what is signed, its query: two cancels that differ in nothing else are two requests.
        """
        if len(nonce) > 16 or not nonce.isdigit():
            return errors.NONCE_WRONG
        if abs(int(nonce) * 1_000 - self._wall_clock()) > self._window:
            return errors.NONCE_WRONG
        once, carried = _number(sign + unsigned), False
        if self._rule is NonceRule.NONCE:
            once = int(nonce)
            if not once:
                return errors.NONCE_WRONG
        else:
            # The signature stands for all that was signed: clients that share a millisecond do not get in each other's way.
            carried = not changes
        mark = _number(idempotency_key or sign + unsigned)
        return Caller(key=key, nonce=0 if carried else Nonces.once(once), carried=carried, mark=mark, idempotent=bool(idempotency_key))


def _number(text: bytes) -> int:
    """Of 1 to 2^63 - 1, the same for the same text."""
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") % MAX_NONCE + 1
