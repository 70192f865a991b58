"""Structured logs on standard error: words on a terminal, JSON lines elsewhere; never a secret."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

SECRET_WORDS = ("secret", "password", "passphrase", "token", "sign", "signature", "cookie", "authorization", "coupon", "totp")


def configure(level: str, form: Literal["auto", "text", "json"]) -> None:
    """Sets up structlog and the standard library's logging for the whole process."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    render: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            conceal,
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(max(number, logging.WARNING))


def conceal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blanks values whose name says that they are secret: the last net, should a caller ever hand one in."""
    for name in event:
        if any(word in name.lower() for word in SECRET_WORDS):
            event[name] = "(concealed)"
    return event


class _ToStructlog(logging.Handler):
    """Libraries log through the standard library; their lines come out in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
