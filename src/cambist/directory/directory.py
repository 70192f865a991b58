"""The directory: who people are, and which keys speak for them."""

import logging
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from cambist.domain.units import AccountId

from . import marks
from .audit_memory import AuditMemory
from .cache import Cache, user_of
from .database import CODE_CHANGES, PASSWORD_CHANGES, RECOVERY_CHANGES, ROLE_CHANGES, Changed, Database, last_number, next_number
from .dual_control import DualControl
from .guess_budgets import GuessBudgets
from .hotp import HotpKeys, draw_hotp_key
from .login import Login
from .nonces import Nonces
from .passkeys import Passkeys
from .passwords import Passwords
from .recovery import RecoveryCodes
from .sealing import Sealer, read_master_key
from .second_factor import SecondFactor, draw_totp_secret
from .security_events import SecurityEvents
from .sessions import Sessions
from .sqlite import SqliteDatabase
from .tables import api_keys, facts, hotps, login_devices, login_networks, passkeys, recovery_codes, security_events, sessions, totps, users
from .values import (
    REVEAL_WINDOW,
    ApiKey,
    Clock,
    DirectoryRejection,
    Entropy,
    KeyForm,
    LoginRejection,
    MasterKeyWrong,
    Role,
    User,
    UserSummary,
    parse_networks,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,31}", re.ASCII)
_CHECK = "master-key-check"
_LOCKED = "!"
"""In place of a password's hash: nothing fits it."""

_log = logging.getLogger(__name__)


class Directory:
    """Users, passwords and API keys; beside them `sessions`, `totp`, `hotp`, `recovery`, `passkeys`, `security_events`, `guess_budgets`,
    `login`, `nonces`, `audit_memory` and `dual_control`.

    Over a file, which it owns until `close`, or over a database that other processes change too (`postgresql.py`): what they change is
    known here within a second, and whoever follows revocations and ends of sessions hears of theirs as well.

    Safe to call from several threads, except `nonces` (see there). What people cause comes back as a Rejection; DirectoryError and its
    kinds are raised when the machine, the file or the master key is not right. Over a database each method may raise DirectoryUnavailable
    and belongs on a worker thread, except those that say that they look into memory.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        passwords: Passwords,
        entropy: Entropy,
        clock: Clock,
        wall_clock: Clock,
        node: str = "",
    ) -> None:
        """`node`: which of those that share the database this is."""
        self._database = database
        self._sealer = sealer
        self._passwords = passwords
        self._entropy = entropy
        self._clock = clock
        self._check_master_key()
        self.nonces = Nonces(database, wall_clock)
        self._refreshing = threading.RLock()
        self.sessions = Sessions(database, entropy, clock, self._refreshing)
        self.totp = SecondFactor(database, sealer, entropy, wall_clock)
        self.hotp = HotpKeys(database, sealer, entropy, clock)
        self.recovery = RecoveryCodes(database, entropy)
        self.passkeys = Passkeys(database, sealer, clock)
        self.security_events = SecurityEvents(database, clock)
        self.guess_budgets = GuessBudgets(database, clock)
        self.audit_memory = AuditMemory(database, node)
        self.dual_control = DualControl(database, clock)
        self._revocation_listeners: list[Callable[[ApiKey], None]] = []
        self.login = Login(
            database,
            self.guess_budgets,
            (self.totp, self.hotp),
            self.recovery,
            entropy,
            clock,
            find_user=self.user,
            verify_password=self.verify_password,
        )
        self._cache = Cache(lambda key_id, secret: sealer.unseal(_context(key_id), secret))
        self.find_key: Callable[[str], ApiKey | None] = self._cache.live.get
        """The live key of that text: one look into memory. Unknown and revoked ones, and those of frozen users, are None."""
        database.follow(self._read_again)
        self._read_again(None)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        master_key: bytes,
        entropy: Entropy,
        clock: Clock,
        password_hasher: PasswordHasher | None = None,
        busy_timeout: float = 1.0,
        wall_clock: Clock | None = None,
        synced: bool = True,
    ) -> "Directory":
        """Opens the file, or creates it (mode 0600). DirectoryBusy after `busy_timeout` s, DirectoryUnreadable, MasterKeyWrong.

        `wall_clock`: the machine's, where `clock` may be ahead of it: one-time codes and nonces that are times are made by other clocks.
        `synced`: whether what is written must survive a power cut.
        """
        return cls.over(SqliteDatabase(path, busy_timeout, synced), master_key, entropy, clock, password_hasher, wall_clock)

    @classmethod
    def over(
        cls,
        database: Database,
        master_key: bytes,
        entropy: Entropy,
        clock: Clock,
        password_hasher: PasswordHasher | None = None,
        wall_clock: Clock | None = None,
        node: str = "",
    ) -> "Directory":
        """The directory in a database, which is closed with it, or when this fails. MasterKeyWrong, and what the database raises."""
        try:
            sealer, passwords = Sealer(master_key, entropy), Passwords(password_hasher or PasswordHasher(), entropy)
            return cls(database, sealer, passwords, entropy, clock, wall_clock or clock, node)
        except BaseException:
            database.close()
            raise

    @property
    def shared(self) -> bool:
        """Whether other processes may change it."""
        return self._database.shared

    @property
    def away(self) -> bool:
        """Whether the database was out of reach when it was asked last. From any thread."""
        return self._database.away

    def copy_to(self, file: Path) -> None:
        """Writes a copy of the file, as it is now, to where none is yet; nonces since the last flush are not in it."""
        self._database.copy_to(file)

    def close(self) -> None:
        """Releases the file; nonces since the last flush are not written. Idempotent."""
        self._database.close()

    # --- users ----------------------------------------------------------------------------------------------------------
    def add_user(self, name: str, password: str, account: int) -> User | DirectoryRejection:
        """A user for an account of the core (16 or above). NAME_INVALID, PASSWORD_TOO_SHORT or _LONG, NAME_TAKEN, ACCOUNT_TAKEN."""
        rejection = self.new_user_rejection(name, password)
        if rejection is not None:
            return rejection
        # Outside the transaction: other threads need not wait for Argon2. The account is the label, since no account is given twice.
        hashed = self._passwords.hash(f"account-{account}", password)
        with self._database.transaction() as connection:
            if connection.execute(select(users.c.id).where(users.c.folded_name == name.lower())).one_or_none() is not None:
                return DirectoryRejection.NAME_TAKEN
            if connection.execute(select(users.c.id).where(users.c.account == account)).one_or_none() is not None:
                return DirectoryRejection.ACCOUNT_TAKEN
            user = User(next_number(connection, "users"), name, AccountId(account), self._clock())
            row = {"id": user.id, "name": name, "folded_name": name.lower(), "account": account, "created": user.created}
            connection.execute(insert(users).values(**row, password_hash=hashed))
        self._read_again(Changed(users=frozenset({user.id})))
        return user

    def new_user_rejection(self, name: str, password: str) -> DirectoryRejection | None:
        """Why `add_user` would refuse these, None when only another `add_user` meanwhile could: ask before an account is opened."""
        if not _NAME.fullmatch(name):
            return DirectoryRejection.NAME_INVALID
        if self.user(name) is not None:
            return DirectoryRejection.NAME_TAKEN
        return self._passwords.rejection(password)

    def user(self, name: str) -> User | None:
        """By name, without regard to case: one look into memory."""
        return self._cache.named(name)

    def user_by_account(self, account: int) -> User | None:
        """By account number; an erased user is still found. One look into memory."""
        return self._cache.of_account(account)

    def operators(self) -> list[User]:
        """Users with the role of an operator, the frozen ones too. From memory."""
        return [user for user in self.users() if user.role is Role.OPERATOR]

    def search(
        self, words: str = "", *, role: Role | None = None, frozen: bool | None = None, after: int = 0, limit: int = 100
    ) -> list[UserSummary]:
        """Users in order of their accounts, from behind the account `after` on. `words`: a part of the name, without regard to case."""
        live = select(api_keys.c.user_id, func.count().label("count")).where(api_keys.c.revoked.is_(None)).group_by(api_keys.c.user_id)
        keys, confirmed = live.subquery(), totps.c.confirmed.is_not(None) | hotps.c.confirmed.is_not(None)
        query = select(users, func.coalesce(keys.c.count, 0).label("keys"), confirmed.label("factor")).where(users.c.erased.is_(None))
        query = query.outerjoin(keys, keys.c.user_id == users.c.id)
        query = query.outerjoin(totps, totps.c.user_id == users.c.id).outerjoin(hotps, hotps.c.user_id == users.c.id)
        query = query.where(users.c.account > after)
        if "\0" in words:
            return []  # no name has one, and not every database takes the question
        if words:
            query = query.where(users.c.folded_name.contains(words.lower(), autoescape=True))
        if role is not None:
            query = query.where(users.c.role == role.value)
        if frozen is not None:
            query = query.where(users.c.frozen.is_not(None) if frozen else users.c.frozen.is_(None))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(users.c.account).limit(limit)).all()
        return [UserSummary(user_of(row), row.keys, bool(row.factor)) for row in rows]

    def users(self, erased: bool = False) -> list[User]:
        """In order of creation; the erased ones only when asked for. From memory."""
        return [user for user in self._cache.everybody() if erased or user.erased is None]

    def verify_password(self, name: str, password: str) -> User | None:
        """The user when name and password fit. An unknown name costs the same time.

        The second factor is asked for separately, and nothing is counted: where people log in, use `login`.
        """
        row = self._row(name)
        if not self._passwords.check(row.password_hash if row else None, password) or row is None:
            return None
        user = user_of(row)
        if self._passwords.outdated(row.password_hash):
            self._store_password(user, password, instead_of=row.password_hash)
        return user

    def authenticate(self, name: str, password: str, code: str = "", address: str = "") -> User | LoginRejection:
        """Who logs in from `address` with name, password and, where the user switched codes on, a one-time code, on no known device.

        WRONG, CODE_REQUIRED, CODE_WRONG, CODE_PAUSED, PAUSED (too many wrong ones), FROZEN. Counts guesses (login.py says which). Takes
        tens of milliseconds on purpose: call it on a worker thread. Doors on a network use `dialect_kit.logins`, where who must wait waits.
        """
        return self.login.authenticate(name, password, code, address)

    def set_password(self, user: User, password: str) -> int | DirectoryRejection:
        """Replaces the password and ends every session. PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, USER_ERASED; the change's number when done.

        The number belongs into the journal (`marks.password_set`), so that an older copy of this file does not bring the old password back.
        """
        rejection = self._passwords.rejection(password)
        if rejection is not None:
            return rejection
        number = self._store_password(user, password)
        if not isinstance(number, DirectoryRejection):
            self.sessions.revoke_all(user)
        return number

    def role(self, user_id: int) -> Role | None:
        """What a user may do for the venue: one look into memory."""
        user = self._cache.user(user_id)
        return None if user is None else user.role

    def set_role(self, user: User, role: Role | None) -> int:
        """Gives a user a role, or takes it away. The change's number, for `marks.role_set`."""
        with self._database.transaction() as connection:
            number = next_number(connection, ROLE_CHANGES)
            change = update(users).where(users.c.id == user.id, users.c.erased.is_(None))
            connection.execute(change.values(role=role.value if role is not None else None))
        self._read_again(Changed(users=frozenset({user.id})))
        return number

    def remove_codes(self, user: User) -> int:
        """Switches all one-time codes off, time-based and counter-based, and takes the recovery codes away. Idempotent.

        The change's number, for `marks.codes_off`.
        """
        self.totp.remove(user)
        self.hotp.remove(user)
        self.recovery.remove(user)
        with self._database.transaction() as connection:
            return next_number(connection, CODE_CHANGES)

    def freeze(self, user: User) -> bool:
        """Shuts the user out: sessions end, keys are not found and no login is accepted until `unfreeze`. False when it was so before.

        Who follows revocations hears of the keys, as if they were revoked.
        """
        done = self._set_frozen(user, self._clock())
        self.sessions.revoke_all(user)
        return done

    def unfreeze(self, user: User) -> bool:
        """Lets the user in again, with the same keys and password. False when they were not frozen."""
        return self._set_frozen(user, None)

    def _set_frozen(self, user: User, since: int | None) -> bool:
        was = users.c.frozen.is_(None) if since is not None else users.c.frozen.is_not(None)
        with self._database.transaction() as connection:
            change = update(users).where(users.c.id == user.id, users.c.erased.is_(None), was)
            done = connection.execute(change.values(frozen=since)).rowcount == 1
        self._read_again(Changed(users=frozenset({user.id})))
        return done

    def erase_user(self, user: User) -> User:
        """Removes what is personal (name, password, second factor, sessions) and revokes the keys. The account number stays."""
        now = self._clock()
        for key in self.keys(user):
            self.revoke(key)
        with self._database.transaction() as connection:
            connection.execute(totps.delete().where(totps.c.user_id == user.id))
            connection.execute(hotps.delete().where(hotps.c.user_id == user.id))
            connection.execute(sessions.delete().where(sessions.c.user_id == user.id))
            connection.execute(recovery_codes.delete().where(recovery_codes.c.user_id == user.id))
            connection.execute(passkeys.delete().where(passkeys.c.user_id == user.id))
            connection.execute(security_events.delete().where(security_events.c.user_id == user.id))
            connection.execute(login_networks.delete().where(login_networks.c.user_id == user.id))
            connection.execute(login_devices.delete().where(login_devices.c.user_id == user.id))
            gone = {"name": None, "folded_name": None, "password_hash": None, "erased": now, "frozen": None, "role": None}
            connection.execute(update(users).where(users.c.id == user.id, users.c.erased.is_(None)).values(gone))
            erased = user_of(connection.execute(select(users).where(users.c.id == user.id)).one())
        self._read_again(Changed(users=frozenset({user.id})))
        self.sessions.revoke_all(user)
        self._database.forget_old_pages()
        return erased

    # --- API keys -------------------------------------------------------------------------------------------------------
    def mint_key(self, user: User, form: KeyForm, scopes: Iterable[str], ip_allow: Iterable[str] = ()) -> ApiKey | DirectoryRejection:
        """A new key, secret included. `ip_allow`: addresses or networks as text, none for anywhere.

        USER_ERASED, USER_FROZEN, SCOPE_UNKNOWN, ADDRESS_INVALID; KEY_TAKEN when the form drew a key that exists.
        """
        granted, networks = frozenset(scopes), parse_networks(ip_allow)
        if isinstance(networks, DirectoryRejection):
            return networks
        if (form.scopes and not granted <= form.scopes) or any(not scope or " " in scope for scope in granted):
            return DirectoryRejection.SCOPE_UNKNOWN
        try:
            with self._database.transaction() as connection:
                stored = connection.execute(select(users.c.erased, users.c.frozen).where(users.c.id == user.id)).one()
                if stored.erased is not None or stored.frozen is not None:
                    return DirectoryRejection.USER_ERASED if stored.erased is not None else DirectoryRejection.USER_FROZEN
                number = next_number(connection, "api_keys", at_least=self.nonces.highest_key_id() + 1)
                # Labels name dialect, account and how many keys there were: a seed gives the same keys whatever else exists.
                theirs = select(func.count()).where(api_keys.c.user_id == user.id, api_keys.c.dialect == form.dialect)
                place = f"api-key/{form.dialect}/account-{user.account}/{connection.execute(theirs).scalar_one()}"
                text, secret = form.make(lambda label, length: self._entropy(f"{place}/{label}", length))
                key = ApiKey(number, user.id, user.account, form.dialect, text, secret, granted, networks, self._clock())
                connection.execute(insert(api_keys).values(**_key_row(key), secret=self._sealer.seal(_context(number), secret)))
        except IntegrityError:
            return DirectoryRejection.KEY_TAKEN
        self._read_again(Changed(keys=frozenset({key.id})))
        return key

    def stored_key(self, key: str) -> ApiKey | None:
        """The key of that text, also one that opens nothing: revoked, or a frozen user's. For whoever administers keys. From memory."""
        return self._cache.key(key)

    def keys(self, user: User | None = None, revoked: bool = False) -> list[ApiKey]:
        """In order of creation, of one user or of all; the revoked ones (without secret) only when asked for. From memory."""
        found = self._cache.keys_of(None if user is None else user.id)
        return [key for key in found if revoked or key.revoked is None]

    def revoke(self, key: ApiKey) -> bool:
        """Ends the key for good and deletes its secret. False when it was revoked before."""
        with self._database.transaction() as connection:
            change = update(api_keys).where(api_keys.c.id == key.id, api_keys.c.revoked.is_(None))
            done = connection.execute(change.values(revoked=self._clock(), secret=None)).rowcount == 1
        self._read_again(Changed(keys=frozenset({key.id})))
        return done

    def _read_again(self, changed: Changed | None) -> None:
        """Has memory follow what may have changed, here or by another process (None: anything), and tells of the keys that ended."""
        with self._refreshing:  # so that whoever changed something has it told before it goes on, whichever thread is quicker
            with self._database.transaction() as connection:
                if changed is None:
                    ended = self._cache.read_all(connection)
                    ended_sessions = self.sessions.read(connection, None)
                else:
                    ended = self._cache.read(connection, changed.users, changed.keys)
                    ended_sessions = self.sessions.read(connection, changed.sessions)
            for key in ended:
                for listener in tuple(self._revocation_listeners):
                    try:
                        listener(key)
                    except Exception:
                        # The key is gone; what a listener makes of it must not look as if it were not.
                        _log.exception("a listener of revocations failed")
            self.sessions.tell(ended_sessions)

    def follow_revocations(self, listener: Callable[[ApiKey], None]) -> Callable[[], None]:
        """Calls back with every key that is revoked, or whose user is frozen, from here on: once it is, in the thread that did it, or in
        the one that heard of it when another process did.

        Returns what ends it.
        """
        self._revocation_listeners.append(listener)

        def unfollow() -> None:
            if listener in self._revocation_listeners:
                self._revocation_listeners.remove(listener)

        return unfollow

    def reveal_secret(self, key: ApiKey, now: int | None = None) -> str | DirectoryRejection:
        """The secret again, during the first hour. KEY_REVOKED, REVEAL_OVER. `now`: µs, the clock's when not given."""
        live = self._cache.live.get(key.key)
        if live is None:
            return DirectoryRejection.KEY_REVOKED
        age = (self._clock() if now is None else now) - live.created
        return live.secret if age < REVEAL_WINDOW else DirectoryRejection.REVEAL_OVER

    def derived_secret(self, label: str) -> str:
        """64 hex digits that follow from the master key and the label, stored nowhere; without the key nobody finds them."""
        return self._sealer.mac(f"derived/{label}", 32).hex()

    # --- what the journal knows -------------------------------------------------------------------------------------------
    def apply_mark(self, memo: Mapping[str, Any]) -> str | None:
        """Catches up a journaled note's memo (marks.py). What was done here before stays; a sentence when something was not.

        A sentence means that this file is an older copy. Memos of others are passed over.
        """
        match memo.get(marks.WORD):
            case ["key-revoked", int(key_id)]:
                keys = [key for key in self.keys() if key.id == key_id]
                return "a key was revoked again" if any([self.revoke(key) for key in keys]) else None
            case [str(word), int(account), *rest] if word in marks.OF_USERS:
                user = self.user_by_account(account)
                return self._apply_to_user(word, user, rest) if user is not None and user.erased is None else None
        return None

    def _apply_to_user(self, word: str, user: User, rest: list[Any]) -> str | None:
        match word, rest:
            case "frozen", _:
                return f"{user.name} was frozen again" if self.freeze(user) else None
            case "unfrozen", _:
                return f"{user.name} was unfrozen again" if self.unfreeze(user) else None
            case "erased", _:
                self.erase_user(user)
                return "a user was erased again"
            case "password", [int(number)]:
                if not self._is_new(PASSWORD_CHANGES, number):
                    return None
                with self._database.transaction() as connection:
                    connection.execute(update(users).where(users.c.id == user.id).values(password_hash=_LOCKED))
                self.sessions.revoke_all(user)
                return (
                    f"the password of {user.name} was changed since, which this file does not know: it opens nothing until it is set anew"
                )
        return self._apply_code_change(word, user, rest)

    def _apply_code_change(self, word: str, user: User, rest: list[Any]) -> str | None:
        match word, rest:
            case "codes-off", [int(number)] if self._is_new(CODE_CHANGES, number):
                self.totp.remove(user)
                self.hotp.remove(user)
                self.recovery.remove(user)
                return f"the one-time codes of {user.name} were switched off again"
            case "role", [int(number)] if self._is_new(ROLE_CHANGES, number):
                self.set_role(user, None)
                return f"the role of {user.name} was changed since, which this file does not know: they have none until it is given anew"
            case "recovery-renewed", [int(number)] if self._is_new(RECOVERY_CHANGES, number):
                self.recovery.remove(user)
                return f"the recovery codes of {user.name} were renewed since: those that this file knows are no longer good"
            case "passkey-removed", [int(number)]:
                return f"a passkey of {user.name} was removed again" if self.passkeys.remove(user, number) else None
            case "recovery-used", [int(number)]:
                return f"a recovery code of {user.name} was used again" if self.recovery.remove(user, number) else None
            case "codes-on", [int(number), "totp" | "hotp" as kind] if self._is_new(CODE_CHANGES, number):
                place = f"lost-codes/{number}"
                if kind == "totp":
                    self.totp.forget_secret(user, draw_totp_secret(self._entropy, place))
                else:
                    self.hotp.forget_secret(user, draw_hotp_key(lambda label, length: self._entropy(f"{place}/{label}", length)))
                return (
                    f"one-time codes of {user.name} were switched on since, with a secret that this file does not know: "
                    "they are asked for, and none is right until an operator removes them"
                )
        return None

    def _is_new(self, counter: str, number: int) -> bool:
        """Whether this file never made the change of that number; from now on it counts as made."""
        with self._database.transaction() as connection:
            if last_number(connection, counter) >= number:
                return False
            next_number(connection, counter, at_least=number)
            return True

    # --- inside ---------------------------------------------------------------------------------------------------------
    def _row(self, name: str) -> Row[Any] | None:
        # What no name can be need not be looked for; a lone surrogate could not even be handed to the database.
        if not _NAME.fullmatch(name):
            return None
        with self._database.reading() as connection:
            return connection.execute(select(users).where(users.c.folded_name == name.lower())).one_or_none()

    def _store_password(self, user: User, password: str, instead_of: str | None = None) -> int | DirectoryRejection:
        """The change's number. USER_ERASED, or another hash than `instead_of` is stored: somebody changed the password meanwhile."""
        with self._database.transaction() as connection:
            number = next_number(connection, PASSWORD_CHANGES)
        hashed = self._passwords.hash(f"change-{number}", password)
        with self._database.transaction() as connection:
            change = update(users).where(users.c.id == user.id, users.c.erased.is_(None)).values(password_hash=hashed)
            if instead_of is not None:
                change = change.where(users.c.password_hash == instead_of)
            return number if connection.execute(change).rowcount == 1 else DirectoryRejection.USER_ERASED

    def _check_master_key(self) -> None:
        with self._database.transaction() as connection:
            sealed = connection.execute(select(facts.c.value).where(facts.c.name == _CHECK)).scalar_one_or_none()
            if sealed is None:
                connection.execute(insert(facts).values(name=_CHECK, value=self._sealer.seal(_CHECK, _CHECK)))
                return
        _check_unsealed(self._sealer, sealed)


def check_master_key_fits(file: Path, key_file: Path) -> None:
    """Whether the key file holds the key that the directory in `file`, which nobody has open, was made with; nothing when one is not there
    or the directory cannot be read.

    MasterKeyUnsafe, MasterKeyWrong, OSError.
    """
    key = read_master_key(key_file)
    if key is None or not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=1.0)) as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (_CHECK,)).fetchone()
    except sqlite3.Error:
        return  # in use, damaged or never finished: whoever opens it says so in better words
    if row is not None:
        _check_unsealed(Sealer(key, lambda _label, _length: b""), row[0])


def _check_unsealed(sealer: Sealer, sealed: bytes) -> None:
    try:
        sealer.unseal(_CHECK, sealed)
    except MasterKeyWrong:
        raise MasterKeyWrong("this master key is not the one that the directory was made with: restore the right key file") from None


def _key_row(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "user_id": key.user,
        "dialect": key.dialect,
        "key": key.key,
        "scopes": " ".join(sorted(key.scopes)),
        "ip_allow": " ".join(map(str, key.ip_allow)),
        "created": key.created,
    }


def _context(key_id: int) -> str:
    return f"api-key/{key_id}"
