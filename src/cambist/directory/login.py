"""Logging in: name, password and one-time code, and how often strangers may try."""

import hashlib
import ipaddress
from collections.abc import Callable

from sqlalchemy import Column, Connection, Table, delete, select

from .database import Database, next_number, upsert
from .guess_budgets import Budget, GuessBudgets
from .hotp import HotpKeys
from .recovery import RecoveryCodes
from .second_factor import SecondFactor
from .tables import login_devices, login_networks
from .values import Clock, Entropy, LoginRejection, User

SECOND = 1_000_000
MINUTE = 60 * SECOND
ADMISSION_INTERVAL = 20 * SECOND
"""How far apart the tries for one name are that had to wait (`dialect_kit.logins`), µs."""

QUEUED = Budget("password after waiting", at_once=2, each=ADMISSION_INTERVAL)
"""The same as a budget for one name: two, because who is admitted may come a moment late."""
STRANGERS = Budget("password of strangers", at_once=100, each=5 * MINUTE)
"""For one name, from everywhere that its user is not known to come from, without waiting."""
NETWORK = Budget("password from a network", at_once=5, each=5 * MINUTE)
"""For one name from one network of strangers: beyond it, who tries waits."""
KNOWN = Budget("password from a known place", at_once=5, each=60 * MINUTE)
"""For one name from one device or network of its user. Beyond it, it is as good as a stranger's."""
CODE = Budget("code", at_once=5, each=30 * MINUTE)
"""For one user's one-time codes from one place."""
NEIGHBOURS = Budget("password from a neighbourhood", at_once=100, each=60 * MINUTE)
"""Refuses nobody: what was tried for one name from around a network makes who comes from there wait longer."""
KNOWN_FOR = 90 * 24 * 60 * MINUTE
"""How long a device or a network stays known after a login from it, µs."""
KNOWN_PLACES = 8
"""Devices, and networks, of one user that are known: those that were used last."""
DEVICE_BYTES = 16

VerifyPassword = Callable[[str, str], User | None]
FindUser = Callable[[str], User | None]


class Login:
    """One rule for every way in with a name and a password.

    Where a user logged in before, by a browser that shows what it was given then (a device) or from the same network, they have budgets of
    their own: what others try does not touch them. All others share one for the name. When that, or a network's own, is used up, nobody is
    refused for long: tries wait, and one is looked at every ADMISSION_INTERVAL (`dialect_kit.logins` chooses whose).

    So in a day at most 4,710 passwords are tried for one name from unknown places (STRANGERS 100 + 288, QUEUED 2 + 4,320), and 29 (KNOWN
    5 + 24) from each of at most 2 * KNOWN_PLACES known ones. One-time codes are asked for only when the password was right; at most
    CODE.at_once + 48 (53) a day are tried for one user from unknown places, and from each known place or API key.
    """

    def __init__(
        self,
        database: Database,
        budgets: GuessBudgets,
        codes: tuple[SecondFactor, HotpKeys],
        recovery: RecoveryCodes,
        entropy: Entropy,
        clock: Clock,
        *,
        find_user: FindUser,
        verify_password: VerifyPassword,
    ) -> None:
        self._database = database
        self._budgets = budgets
        self._totp, self._hotp = codes
        self._recovery = recovery
        self._entropy = entropy
        self._clock = clock
        self._find_user = find_user
        self._verify_password = verify_password

    def authenticate(
        self, name: str, password: str, code: str = "", address: str = "", device: str = "", *, waited: bool = False
    ) -> User | LoginRejection:
        """The user of a name, a password and, where codes are switched on, a one-time code (time-based, counter-based, or for recovery).

        `address`: where the request comes from, as text; `device`: what `remember_device` gave this browser. PAUSED: nothing was looked
        at, and it may wait; it comes again with `waited` once it is admitted. Takes tens of milliseconds on purpose: for a worker
        thread.
        """
        folded, network = name.lower(), network_of(address)
        user = self._find_user(folded)
        paid = self._known_place(user, device, network) or self._stranger(folded, network, waited)
        if not paid:
            return LoginRejection.PAUSED
        user = self._verify_password(name, password)
        if user is None:
            return LoginRejection.WRONG
        for budget, whose in paid:
            self._budgets.give_back(budget, whose)
        if code or self._totp.active(user) or self._hotp.active(user):
            rejection = self.check_code(user, code, self._place_of_codes(user, device, network))
            if rejection is not None:
                return rejection
        if user.frozen is not None:
            return LoginRejection.FROZEN
        self._remember(login_networks, user, network)
        return user

    def check_code(self, user: User, code: str, place: str = "") -> LoginRejection | None:
        """None when the code is the user's next one, or a recovery code; it is used up then. CODE_REQUIRED, CODE_WRONG, CODE_PAUSED.

        `place`: a device, a network or a key of the user's, so that who guesses elsewhere shuts nobody out here; empty: anywhere else.
        """
        code = code.strip()
        if not code:
            return LoginRejection.CODE_REQUIRED
        whose = f"{user.id}\0{place}"
        if self._budgets.take(CODE, whose):
            return LoginRejection.CODE_PAUSED
        if not (self._totp.verify(user, code) or self._hotp.verify(user, code) or self._recovery.use(user, code)):
            return LoginRejection.CODE_WRONG
        self._budgets.give_back(CODE, whose)
        return None

    # --- who is known -------------------------------------------------------------------------------------------------------

    def knows_device(self, user: User | None, device: str) -> bool:
        """Whether `device` was given to a browser of this user, and was used in the last KNOWN_FOR."""
        return bool(device) and user is not None and self._knows(login_devices, user, device)

    def remember_device(self, user: User, device: str) -> str:
        """After a login: the text (32 hex digits) by which the browser is known from now on. `device` itself, when it was known."""
        if not self.knows_device(user, device):
            with self._database.transaction() as connection:
                number = next_number(connection, "login-devices")
            device = self._entropy(f"login-device/{number}", DEVICE_BYTES).hex()
        self._remember(login_devices, user, device)
        return device

    def tries_around(self, name: str, address: str) -> float:
        """How much was tried for this name lately from the neighbourhood of an address."""
        return self._budgets.made(NEIGHBOURS, f"{name.lower()}\0{network_of(address, 24, 48)}")

    # --- inside -------------------------------------------------------------------------------------------------------------

    def _known_place(self, user: User | None, device: str, network: str) -> list[tuple[Budget, str]]:
        if user is None:
            return []
        for table, place in ((login_devices, device), (login_networks, network)):
            whose = f"{user.id}\0{place}"
            if place and self._knows(table, user, place) and not self._budgets.take(KNOWN, whose):
                return [(KNOWN, whose)]
        return []

    def _place_of_codes(self, user: User, device: str, network: str) -> str:
        if self.knows_device(user, device):
            return device
        return network if self._knows(login_networks, user, network) else ""

    def _stranger(self, folded: str, network: str, waited: bool) -> list[tuple[Budget, str]]:
        here = f"{folded}\0{network}"
        wanted = [(QUEUED, folded)] if waited else [(NETWORK, here), (STRANGERS, folded)]
        paid: list[tuple[Budget, str]] = []
        for budget, whose in wanted:
            if self._budgets.take(budget, whose):
                for earlier, payer in paid:
                    self._budgets.give_back(earlier, payer)
                return []
            paid.append((budget, whose))
        around = (NEIGHBOURS, f"{folded}\0{network_of(network, 24, 48)}")
        self._budgets.charge(*around)
        return [*paid, around]

    def _knows(self, table: Table, user: User, place: str) -> bool:
        query = select(table.c.last).where(table.c.user_id == user.id, _place_column(table) == _digest(user, place))
        with self._database.reading() as connection:
            last = connection.execute(query).scalar_one_or_none()
        return last is not None and last > self._clock() - KNOWN_FOR

    def _remember(self, table: Table, user: User, place: str) -> None:
        now = self._clock()
        seen = {"user_id": user.id, _place_column(table).name: _digest(user, place), "last": now}
        with self._database.transaction() as connection:
            connection.execute(delete(table).where(table.c.last <= now - KNOWN_FOR))
            upsert(connection, table, [seen])
            _forget_oldest(connection, table, user)


def _place_column(table: Table) -> Column[bytes]:
    return table.c.device if table is login_devices else table.c.network


def _forget_oldest(connection: Connection, table: Table, user: User) -> None:
    column = _place_column(table)
    newest = select(column).where(table.c.user_id == user.id).order_by(table.c.last.desc(), column).limit(KNOWN_PLACES)
    connection.execute(delete(table).where(table.c.user_id == user.id, column.not_in(newest)))


def network_of(address: str, ipv4_bits: int = 32, ipv6_bits: int = 64) -> str:
    """What one subscriber has: the IPv4 address, or the first 64 bits of an IPv6 one. Other texts stand for themselves.

    With fewer bits, what lies around it; a network that this function gave may be asked about too.
    """
    try:
        ip = ipaddress.ip_network(address).network_address
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((ip, ipv6_bits), strict=False))
        ip = ip.ipv4_mapped
    return str(ip if ipv4_bits == ip.max_prefixlen else ipaddress.ip_network((ip, ipv4_bits), strict=False))


def _digest(user: User, place: str) -> bytes:
    # Where people have been is nobody's business: a digest is enough to recognize it.
    return hashlib.blake2b(f"{user.id}\0{place}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
