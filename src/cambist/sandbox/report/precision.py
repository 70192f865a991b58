"""The check for numbers with more decimals than a market has: some dialects reject them, some cut them without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import msgspec

from cambist import _core
from cambist.dialect_kit.reply_reading import RejectionCode
from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.findings import Found
from cambist.sandbox.request_log import Exchange

if TYPE_CHECKING:
    from cambist._core import MarketSpec

PRICES, AMOUNTS = ("rate", "price"), ("amount", "size")
"""Fields that hold decimal numbers of whole units, in the dialects' words."""


def too_fine(evidence: Evidence) -> Iterator[Found]:
    """Orders whose price or amount has more decimals than the market."""
    found = too_fine_requests(evidence)
    if found:
        yield Found(
            f"{len(found)} {'order' if len(found) == 1 else 'orders'} had more decimals than the market takes: the first {found[0][1]}.",
            len(found),
            [number for number, _ in found],
        )


def too_fine_requests(evidence: Evidence) -> list[tuple[int, str]]:
    """(number of the request, what was too fine in it) of each."""
    requests = evidence.logged()
    found = []
    for exchange in requests.own:
        if exchange.method == "GET":
            continue
        rejection = requests.rejection(exchange)
        words = _too_fine(evidence, exchange)
        if words is None and rejection is not None and rejection.code is RejectionCode.PRECISION:
            words = f'"{rejection.words}"'
        if words is not None:
            found.append((exchange.number, words + ("" if rejection is not None else ", which was cut without a word")))
    return found


def _too_fine(evidence: Evidence, exchange: Exchange) -> str | None:
    fields = fields_of(exchange)
    market = _market(evidence, fields, exchange.path)
    if market is None:
        return None
    priced = any(name in fields for name in PRICES)
    for names, scale in ((PRICES, market.price_scale), (AMOUNTS, market.amount_scale)):
        if names is AMOUNTS and not priced:
            continue  # of an order without a price some dialects take an amount of money
        for name in names:
            text = fields.get(name, "")
            if text and _is_finer(text, scale):
                return f"{name} {text} in {evidence.names.market(market.id)}, which has {scale} decimals"
    return None


def _is_finer(text: str, scale: int) -> bool:
    try:
        _core.parse_units(text, scale)
    except ValueError as error:
        return str(error).startswith("more than") and len(text) <= 64
    return False


def fields_of(exchange: Exchange) -> Mapping[str, str]:
    """The fields of a request's query and body, a form or a JSON object; numbers as they were written."""
    fields = dict(parse_qsl(exchange.query.decode("latin-1")))
    body = exchange.body.strip()
    if not body.startswith(b"{"):
        return fields | dict(parse_qsl(body.decode("latin-1")))
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return fields
    return fields | {name: bytes(value).decode("utf-8", "replace").strip('"') for name, value in members.items()}


def _market(evidence: Evidence, fields: Mapping[str, str], path: str) -> MarketSpec | None:
    """The market that a field or a part of the path names, in whatever spelling."""
    words = [*fields.values(), *unquote(path).split("/")]
    names = {"".join(filter(str.isalnum, word)).upper() for word in words if len(word) <= 32}
    assets = evidence.names.assets
    for spec in evidence.names.markets:
        if assets[spec.base].code + assets[spec.quote].code in names:
            return spec
    return None
