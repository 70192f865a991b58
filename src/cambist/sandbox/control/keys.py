"""`/sandbox/keys`: API keys of any user, new or in the place of another one."""

from __future__ import annotations

import msgspec

from cambist.operations import keys
from cambist.operations.keys import KeyRevoked, KeyRow, KeyShown
from cambist.sandbox.control.operations import AnyBound, Bound, Operation
from cambist.sandbox.control.operator_calls import Calls, granted

PATH = "/sandbox/keys"


class WhoseKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose keys."""

    user: str | None = None
    """A name, or `@17` for whom account 17 belongs to; null: everybody's."""


class FreshKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the key shall be."""

    user: str
    """A name, or `@17` for whom account 17 belongs to."""
    dialect: str
    """The kind of key, as the ready file calls them: `btce`, `wex`, `expie`, `mtgox`, `btse`, `native`."""
    scopes: list[str] | None = None
    """What it may do; null: all that there is."""
    ip_allow: list[str] = []
    """Addresses and networks that it may be used from; none: anywhere."""


class OfKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which key."""

    key: str
    """Its public text (Expie: its access id)."""


LIST = Operation("keys", "GET", PATH, WhoseKeys, list[KeyRow], "Lists the keys that are good, without their secrets.")
CREATE = Operation("create-key", "POST", PATH, FreshKey, KeyShown, "Makes a key that has used no nonce yet.")
RENEW = Operation("renew-key", "POST", PATH + "/{key}/renew", OfKey, KeyShown, "Makes a key in the place of another, which is revoked.")
REVOKE = Operation("revoke-key", "DELETE", PATH + "/{key}", OfKey, KeyRevoked, "Ends a key, and the sockets that are open with it.")


class KeyOperations:
    """Keys of the venue's users."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def bound(self) -> list[AnyBound]:
        return [Bound(LIST, self._list), Bound(CREATE, self._create), Bound(RENEW, self._renew), Bound(REVOKE, self._revoke)]

    async def _list(self, asked: WhoseKeys) -> list[KeyRow]:
        return granted(await keys.list_keys(self._calls(), keys.ListKeys(asked.user)))

    async def _create(self, fresh: FreshKey) -> KeyShown:
        call = self._calls()
        scopes = fresh.scopes
        if scopes is None:
            scopes = next((sorted(form.scopes) for form in call.context.key_forms if form.dialect == fresh.dialect), None)
        return granted(await keys.create_key(call, keys.CreateKey(fresh.user, fresh.dialect, scopes, fresh.ip_allow)))

    async def _renew(self, asked: OfKey) -> KeyShown:
        return granted(await keys.renew_key(self._calls(), keys.OfKey(asked.key)))

    async def _revoke(self, asked: OfKey) -> KeyRevoked:
        return granted(await keys.revoke_key(self._calls(), keys.OfKey(asked.key)))
