"""Runs the methods: what all versions of the API, and the stream, have in common."""

import inspect

from cambist.dialect_kit.signed_call import answered
from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.auth import Authenticator
from cambist.dialects.mtgox.call import Call, DialectContext, Method
from cambist.dialects.mtgox.replies import Rejection, Result
from cambist.directory import DirectoryUnavailable
from cambist.exchange.commands import NonceRejected
from cambist.history.port import HistoryError

NEEDS_PAIR = Rejection("This method is called on a currency pair, as in BTCUSD", "pair_missing", 404)


class Dispatcher:
    """Rights, nonces and failures of every method are dealt with here."""

    def __init__(self, context: DialectContext, authenticator: Authenticator) -> None:
        self.context = context
        self.authenticator = authenticator

    async def run(self, method: Method | None, call: Call) -> Result:
        """What the method answers, None being one that does not exist. The nonce of a signed call is judged exactly once, and before
        all that the method would say."""
        caller = call.caller
        if caller is None:
            return await self._run(method, call)
        commanding = method is not None and method.commanding
        try:
            return await answered(self.context.services.commands, caller, lambda: self._run(method, call), commanding=commanding)
        except NonceRejected:
            return replies.INVALID_NONCE

    async def _run(self, method: Method | None, call: Call) -> Result:
        if method is None:
            return replies.NO_METHOD
        if method.rights and not any(map(call.signed.key.permits, method.rights)):
            return replies.missing_right(" or ".join(method.rights))
        if method.needs_pair and call.pair is None:
            return NEEDS_PAIR
        try:
            result = method.run(call)
            return await result if inspect.isawaitable(result) else result
        except (HistoryError, DirectoryUnavailable):
            # What only histories, or the directory's database, know cannot be told now; trading goes on.
            return replies.BUSY
