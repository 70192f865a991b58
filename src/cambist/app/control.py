"""What the command line may ask of a venue, running or stopped: the actions behind the admin socket."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from cambist import _core
from cambist.app.errors import Exit, OperatorError
from cambist.directory import DirectoryRejection, KeyForm, User
from cambist.domain.meta import Meta
from cambist.domain.orders import MarketStatus, RejectReason, TransferKind
from cambist.sandbox.people import credentials

if TYPE_CHECKING:
    from cambist.app.venue import Venue

Action = Callable[..., Awaitable[Any]]

_log = structlog.get_logger("cambist.app")


class Control:
    """`answer(action, arguments)` does one thing and returns what can be written as JSON. OperatorError when it is refused."""

    def __init__(self, venue: "Venue") -> None:
        self._venue = venue
        self._actions: dict[str, Action] = {
            "status": self.status,
            "user.add": self.user_add,
            "user.list": self.user_list,
            "key.create": self.key_create,
            "key.revoke": self.key_revoke,
            "key.list": self.key_list,
            "fund": self.fund,
            "market.list": self.market_list,
            "market.status": self.market_status,
            "snapshot": self.snapshot,
        }

    async def answer(self, action: str, arguments: dict[str, Any]) -> Any:
        """The action's result, once everything that it did is durable."""
        if action not in self._actions:
            raise OperatorError(f"the venue knows no action {action!r}: is it of another version?", Exit.USAGE)
        _log.info("asked by the operator", action=action)
        try:
            result = await self._actions[action](**arguments)
        except TypeError as error:
            raise OperatorError(f"{action}: {error}", Exit.USAGE) from None
        await self._venue.durable()
        return result

    async def status(self) -> dict[str, Any]:
        engine, sequencer = self._venue.engine, self._venue.sequencer
        return {"seq": engine.seq, "durable_seq": sequencer.durable_seq, "accounts": engine.accounts}

    # --- users and keys -------------------------------------------------------------------------------------------------
    async def user_add(self, name: str, password: str | None = None) -> dict[str, Any]:
        venue = self._venue
        if venue.directory.user(name) is not None:
            raise OperatorError(f"{name}: {DirectoryRejection.NAME_TAKEN.words}")
        if password is None:
            password = made_up_password(venue.entropy(f"password/{name.lower()}", 15))
        account = (await venue.commands.open_account()).id
        # A name must never stand on an account that a crash could take back and give to somebody else.
        await venue.durable()
        user = await asyncio.to_thread(venue.directory.add_user, name, password, account)
        if isinstance(user, DirectoryRejection):
            raise OperatorError(f"{name}: {user.words}")
        return {"name": user.name, "account": user.account, "password": password}

    async def user_list(self) -> list[dict[str, Any]]:
        directory = self._venue.directory
        counts: dict[int, int] = {}
        everybody = directory.keys()
        for key in everybody:
            counts[key.user] = counts.get(key.user, 0) + 1
        return [{"name": user.name, "account": user.account, "keys": counts.get(user.id, 0)} for user in directory.users()]

    async def key_create(self, user: str, dialect: str, scopes: Sequence[str], ip_allow: Sequence[str] = ()) -> dict[str, Any]:
        form = self._form(dialect)
        key = self._venue.directory.mint_key(self._user(user), form, scopes, ip_allow)
        if isinstance(key, DirectoryRejection):
            known = f" ({', '.join(sorted(form.scopes))})" if key == DirectoryRejection.SCOPE_UNKNOWN else ""
            raise OperatorError(f"{key.words}{known}")
        return {"user": user, "dialect": dialect, "scopes": sorted(key.scopes), "ip_allow": [str(network) for network in key.ip_allow]} | (
            credentials(key)
        )

    async def key_revoke(self, key: str) -> dict[str, Any]:
        found = self._venue.directory.find_key(key)
        if found is None:
            raise OperatorError("there is no such key, or it was revoked before")
        self._venue.directory.revoke(found)
        return {"key": key}

    async def key_list(self, user: str | None = None) -> list[dict[str, Any]]:
        directory = self._venue.directory
        names = {person.id: person.name for person in directory.users(erased=True)}
        keys = directory.keys(self._user(user) if user is not None else None)
        return [
            {
                "user": names[key.user],
                "dialect": key.dialect,
                "key": key.key,
                "scopes": sorted(key.scopes),
                "ip_allow": [str(network) for network in key.ip_allow],
            }
            for key in keys
        ]

    def _user(self, name: str) -> User:
        user = self._venue.directory.user(name)
        if user is None:
            raise OperatorError(f"there is no user {name}")
        return user

    def _form(self, dialect: str) -> KeyForm:
        forms = {form.dialect: form for form in self._venue.key_forms}
        if dialect not in forms:
            raise OperatorError(f"there is no dialect {dialect}; known: {', '.join(forms)}")
        return forms[dialect]

    # --- money ----------------------------------------------------------------------------------------------------------
    async def fund(self, user: str, amounts: str, reference: str | None = None) -> list[dict[str, Any]]:
        account = self._user(user).account
        return [await self.credit(account, asset, atoms, reference) for asset, atoms in parse_amounts(self._venue.engine, amounts)]

    async def credit(self, account: int, asset: _core.AssetSpec, atoms: int, reference: str | None) -> dict[str, Any]:
        """Credits from the outside world; with a reference at most once for this account, asset and text."""
        venue = self._venue
        if reference is None:
            digest = venue.entropy(f"fund/{venue.engine.seq}", 16)
        else:
            text = f"{account}/{asset.id}/{reference}".encode()
            digest = hashlib.blake2b(text, digest_size=16, person=b"cambist funding").digest()
        transfer_id = int.from_bytes(digest, "little") or 1
        known = venue.engine.transfer_used(transfer_id)
        if not known:
            meta = Meta(memo={"by": "operator"})
            done = await venue.commands.transfer(transfer_id, _core.WORLD, account, asset.id, TransferKind.DEPOSIT, atoms, meta=meta)
            if done.outcome.code != RejectReason.OK:
                raise OperatorError(f"{asset.code}: refused: {words(done.outcome.code)}")
        return {"asset": asset.code, "amount": _core.format_units(atoms, asset.scale), "repeated": known}

    # --- markets --------------------------------------------------------------------------------------------------------
    async def market_list(self) -> list[dict[str, Any]]:
        engine = self._venue.engine
        assets = engine.assets()
        return [_market_row(engine, assets, market) for market in engine.markets()]

    async def market_status(self, name: str, halted: bool) -> dict[str, Any]:
        base, _, quote = name.upper().partition("_")
        spec = self._venue.catalogue.markets.by_codes(base, quote)
        if spec is None:
            raise OperatorError(f"there is no market {name}")
        await self._venue.commands.set_market_status(spec.id, MarketStatus.HALTED if halted else MarketStatus.OPEN)
        return {"name": name, "halted": halted}

    async def snapshot(self) -> dict[str, Any]:
        seq, file = await self._venue.write_snapshot()
        return {"seq": seq, "file": file}


def parse_amounts(engine: _core.Engine, text: str) -> list[tuple[_core.AssetSpec, int]]:
    """ "BTC=1.5,USD=1000" as assets and atoms; all or nothing. OperatorError names the part that is wrong."""
    assets = {spec.code: spec for spec in engine.assets()}
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, equals, amount = part.partition("=")
        spec = assets.get(code.strip().upper())
        if not equals:
            raise OperatorError(f'"{part}": write amounts as in "BTC=1.5,USD=1000"', Exit.USAGE)
        if spec is None:
            raise OperatorError(f"there is no asset {code.strip()}; known: {', '.join(assets)}")
        try:
            atoms = _core.parse_units(amount, spec.scale)
        except ValueError:
            atoms = 0
        if not 1 <= atoms <= _core.MAX_ATOMS:
            raise OperatorError(
                f'"{amount}" is no amount of {spec.code}: a number above zero with at most {spec.scale} decimals', Exit.USAGE
            )
        found.append((spec, atoms))
    if not found:
        raise OperatorError('name at least one amount, as in "BTC=1.5,USD=1000"', Exit.USAGE)
    return found


def made_up_password(random: bytes) -> str:
    """24 characters of a-z and 2-7 from 15 random bytes."""
    return base64.b32encode(random).decode().rstrip("=").lower()


def words(code: int) -> str:
    """A rejection's name as words."""
    return RejectReason(code).name.lower().replace("_", " ")


def _market_row(engine: _core.Engine, assets: list[_core.AssetSpec], market: _core.MarketSpec) -> dict[str, Any]:
    def price(units: int) -> str:
        return _core.format_units(units, market.price_scale)

    def amount(units: int) -> str:
        return _core.format_units(units, market.amount_scale)

    return {
        "name": f"{assets[market.base].code}_{assets[market.quote].code}".lower(),
        "status": MarketStatus(market.status).name.lower(),
        "last": price(market.last_price) if market.last_price else "",
        "min_price": price(market.min_price),
        "max_price": price(market.max_price),
        "min_amount": amount(market.min_amount),
        "max_amount": amount(market.max_amount),
        "maker_fee_ppm": market.maker_ppm,
        "taker_fee_ppm": market.taker_ppm,
        "orders": engine.live_orders(market.id),
    }
