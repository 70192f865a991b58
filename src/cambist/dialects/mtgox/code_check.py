"""One-time codes for what takes money out of an account: asked for once the account's owner has switched them on."""

import asyncio
from collections.abc import Awaitable, Callable

from cambist.dialects.mtgox.call import Call, MethodGroup
from cambist.dialects.mtgox.replies import Answer, Rejection, Result
from cambist.directory import User

CODE_REQUIRED = Rejection("A one-time code is required", "code_required", 403)
CODE_INVALID = Rejection("Invalid one-time code", "code_invalid", 403)
CODE_PAUSE = Rejection("Too many wrong one-time codes, please wait", "code_pause", 403)


class CodeCheck(MethodGroup):
    def then(self, call: Call, act: Callable[[], Result]) -> Answer:
        """Does it, once `code` was found good where one is needed. A good code is used up, whatever becomes of the rest.

        A code does not switch codes on here: whoever has an API key alone must not be able to lock the owner out.
        """
        user = self.services.directory.user_by_account(call.signed.account)
        assert user is not None
        if not self.services.directory.hotp.active(user):
            return act()
        code = call.text("code")
        return self._checked(user, code, act) if code else CODE_REQUIRED

    def _checked(self, user: User, code: str, act: Callable[[], Result]) -> Awaitable[Result]:
        async def checked() -> Result:
            # On a thread: that a code is used up must be on the disk, and the disk is not waited for here.
            rejection = await asyncio.to_thread(self._rejection, user, code)
            return rejection if rejection is not None else act()

        return checked()

    def _rejection(self, user: User, code: str) -> Rejection | None:
        directory = self.services.directory
        if directory.guesses.begin("code", user.id):
            return CODE_PAUSE
        if not directory.hotp.verify(user, code):
            return CODE_INVALID
        directory.guesses.right("code", user.id)
        return None
