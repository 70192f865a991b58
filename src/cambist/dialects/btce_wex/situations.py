"""What this API says instead of an answer."""

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.situations import Situation, Wording, banned_page
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.parse import form_fields, whole_number
from cambist.directory import Directory

_TEXTS = {Situation.BUSY: errors.UNAVAILABLE, Situation.RATE_LIMITED: errors.TOO_OFTEN, Situation.MAINTENANCE: errors.MAINTENANCE}


def wording(directory: Directory) -> Wording:
    """200, as whatever this API says; but a network stood before it that kept banned addresses out with a page."""

    def reply(request: Request, situation: Situation, _wait: int) -> Reply:
        if situation is Situation.BANNED:
            return Reply(403, banned_page(request.headers.get(b"host", b"").decode("latin-1")), b"text/html; charset=UTF-8")
        if situation is Situation.NONCE_REJECTED:
            return Reply(body=errors.error_body(_invalid_nonce(directory, request)))
        return Reply(body=errors.error_body(_TEXTS[situation]))

    return reply


def _invalid_nonce(directory: Directory, request: Request) -> str:
    """As if the nonce that was sent had been used: the next one will do."""
    sent = form_fields(request.body).get("nonce", "")
    key = directory.find_key(request.headers.get(b"key", b"").decode("latin-1"))
    last = 0 if key is None else directory.nonces.last(key.id)
    return errors.invalid_nonce(max(last, min(whole_number(sent) or 0, errors.MAX_NONCE)), sent)
