"""One-time codes for what takes money out of an account: asked for once the account's owner has switched them on."""

import asyncio

from cambist.dialects.mtgox.call import Call, MethodGroup
from cambist.dialects.mtgox.replies import Rejection
from cambist.directory import LoginRejection

CODE_REQUIRED = Rejection("A one-time code is required", "code_required", 403)
CODE_INVALID = Rejection("Invalid one-time code", "code_invalid", 403)
CODE_PAUSE = Rejection("Too many wrong one-time codes, please wait", "code_pause", 403)


REJECTIONS = {
    LoginRejection.CODE_REQUIRED: CODE_REQUIRED,
    LoginRejection.CODE_WRONG: CODE_INVALID,
    LoginRejection.CODE_PAUSED: CODE_PAUSE,
}


class CodeCheck(MethodGroup):
    async def rejection(self, call: Call) -> Rejection | None:
        """None once `code` was found good, or where none is needed. A good code is used up, whatever becomes of the rest.

        A code does not switch codes on here: whoever has an API key alone must not be able to lock the owner out.
        """
        user = self.services.directory.user_by_account(call.signed.account)
        assert user is not None
        if not await asyncio.to_thread(self.services.directory.hotp.active, user):
            return None
        code = call.text("code")
        if not code:
            return CODE_REQUIRED
        # A request whose nonce was used before must not use up a code.
        await call.signed.claim(self.services.commands)
        # On a thread: that a code is used up must be on the disk, and the disk is not waited for here.
        # Counted by key: who has guessed with another one shuts nobody out here.
        place = f"key {call.signed.key.id}"
        rejection = await asyncio.to_thread(self.services.directory.login.check_code, user, code, place)
        return None if rejection is None else REJECTIONS[rejection]
