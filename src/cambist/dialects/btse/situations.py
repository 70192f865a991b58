"""What this API says instead of an answer, in the words of the generation that was asked."""

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.rate_limits import SECOND, retry_after
from cambist.dialect_kit.situations import Situation, Wording
from cambist.dialects.btse import errors
from cambist.dialects.btse.errors import Generation, Rejection
from cambist.dialects.btse.routes import GENERATIONS
from cambist.directory.values import Clock

REJECTIONS = {
    Situation.BUSY: errors.BUSY,
    Situation.RATE_LIMITED: errors.TOO_MANY_AT_ONCE,
    Situation.BANNED: errors.BANNED,
    Situation.MAINTENANCE: errors.MAINTENANCE,
    Situation.NONCE_REJECTED: errors.NONCE_WRONG,
}
_PREFIXES = sorted(GENERATIONS, key=len, reverse=True)


def wording(clock: Clock) -> Wording:
    """`clock` as the dialect's own errors have it."""

    def reply(request: Request, situation: Situation, wait: int) -> Reply:
        return errors.reply(_generation(request.path), _rejection(situation, wait), clock())

    return reply


def _rejection(situation: Situation, wait: int) -> Rejection:
    return errors.too_many(retry_after(wait or SECOND)) if situation is Situation.RATE_LIMITED else REJECTIONS[situation]


def _generation(path: str) -> Generation:
    return next((GENERATIONS[prefix] for prefix in _PREFIXES if path.startswith(prefix)), Generation.V3)
