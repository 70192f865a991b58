"""Who a request says that it comes from: for whoever watches requests, not for whoever lets anybody in."""

import msgspec

from cambist.domain.units import AccountId


class Identity(msgspec.Struct, frozen=True, gc=False):
    """The account whose key a request names, the key's public id, and the nonce as it was sent (empty without one).

    The signature was not looked at, nor was the nonce judged: a stranger who knows a key's id can be named by it.
    """

    account: AccountId
    key: str
    nonce: str = ""
