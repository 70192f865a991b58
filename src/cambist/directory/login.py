"""Logging in: name, password and one-time code, and how often strangers may try."""

import hashlib
import ipaddress
from collections.abc import Callable

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from .database import Database
from .guesses import FREE, Guesses
from .hotp import HotpKeys
from .second_factor import SecondFactor
from .tables import login_networks
from .values import Clock, LoginRejection, User

STRANGERS_FREE = 100
"""Wrong passwords for one name, from all networks that its user never logged in from, before they rest."""
KNOWN_FOR = 90 * 86_400_000_000
"""How long a network stays known after a login from it, µs."""
_IPV6_NETWORK = 64

VerifyPassword = Callable[[str, str], User | None]
FindUser = Callable[[str], User | None]


class Login:
    """One rule for all doors through which people come in.

    Wrong passwords count by name *and* network (an IPv4 address, or an IPv6 network of 64 bits), and for the networks from which this user
    never logged in, by name together too. So a stranger can use up only a budget of strangers: whoever owns the name still comes in from
    where they came in before. One-time codes count by user: only who knows the password is asked for one.
    """

    def __init__(
        self,
        database: Database,
        guesses: Guesses,
        totp: SecondFactor,
        hotp: HotpKeys,
        clock: Clock,
        *,
        find_user: FindUser,
        verify_password: VerifyPassword,
    ) -> None:
        self._database = database
        self._guesses = guesses
        self._totp = totp
        self._hotp = hotp
        self._clock = clock
        self._find_user = find_user
        self._verify_password = verify_password

    def authenticate(self, name: str, password: str, code: str = "", address: str = "") -> User | LoginRejection:
        """The user of a name, a password and, where codes are switched on, a one-time code (time-based or counter-based).

        `address`: where the request comes from, as text. Takes tens of milliseconds on purpose: for a worker thread.
        """
        folded, network = name.lower(), network_of(address)
        budgets = [("password", f"{folded}\0{network}", FREE)]
        if not self._known(folded, network):
            budgets.append(("password of strangers", folded, STRANGERS_FREE))
        if any([self._guesses.begin(secret, whose, free) for secret, whose, free in budgets]):
            return LoginRejection.PAUSED
        user = self._verify_password(name, password)
        if user is None:
            return LoginRejection.WRONG
        for secret, whose, _ in budgets:
            self._guesses.right(secret, whose)
        if code or self._totp.active(user) or self._hotp.active(user):
            rejection = self.check_code(user, code)
            if rejection is not None:
                return rejection
        if user.frozen is not None:
            return LoginRejection.FROZEN
        self._remember(user, network)
        return user

    def check_code(self, user: User, code: str) -> LoginRejection | None:
        """None when the code is the user's next one; it is used up then. CODE_REQUIRED, CODE_WRONG, PAUSED."""
        code = code.strip()
        if not code:
            return LoginRejection.CODE_REQUIRED
        if self._guesses.begin("code", user.id):
            return LoginRejection.PAUSED
        if not (self._totp.verify(user, code) or self._hotp.verify(user, code)):
            return LoginRejection.CODE_WRONG
        self._guesses.right("code", user.id)
        return None

    def _known(self, folded: str, network: str) -> bool:
        user = self._find_user(folded)
        if user is None:
            return False
        query = select(login_networks.c.last).where(login_networks.c.user_id == user.id, login_networks.c.network == _digest(user, network))
        with self._database.transaction() as connection:
            last = connection.execute(query).scalar_one_or_none()
        return last is not None and last > self._clock() - KNOWN_FOR

    def _remember(self, user: User, network: str) -> None:
        now = self._clock()
        seen = upsert(login_networks).values(user_id=user.id, network=_digest(user, network), last=now)
        with self._database.transaction() as connection:
            connection.execute(delete(login_networks).where(login_networks.c.last <= now - KNOWN_FOR))
            connection.execute(seen.on_conflict_do_update(set_={"last": now}))


def network_of(address: str) -> str:
    """What one subscriber has: the IPv4 address, or the first 64 bits of an IPv6 one. Other texts stand for themselves."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, _IPV6_NETWORK), strict=False))
    return str(ip)


def _digest(user: User, network: str) -> bytes:
    # Where people have been is nobody's business: a digest is enough to recognize it.
    return hashlib.blake2b(f"{user.id}\0{network}".encode(), digest_size=16).digest()
