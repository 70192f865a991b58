"""How a dialect introduces itself to the composition root: all that must be known of it, in its own package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.snippets import Snippet
from cambist.dialect_kit.venue_services import VenueServices
from cambist.directory.values import KeyForm


class DialectSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[dialects.<name>]` of the configuration. A dialect with settings of its own derives from this."""

    enabled: bool = True
    host: str = ""
    """The host name under which alone its paths are served; empty: under every name."""

    def complaints(self) -> list[str]:
        """What is wrong with the settings, a sentence each, as the operator reads it; empty when all is well."""
        return []


S = TypeVar("S", bound=DialectSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect(Generic[S]):
    """One exchange's API.

    `name` is its section of the configuration and the label of its metrics, `title` what people call it. `key_forms` are the kinds of keys
    that are minted for it, `snippets` programs for each kind, in each language. `documents`: its page below docs/reference.
    """

    name: str
    title: str
    settings: type[S]
    build: Callable[[VenueServices, S], DialectService]
    """Makes it on a running venue. Markets and assets must exist, more may be added later."""
    key_forms: tuple[KeyForm, ...]
    snippets: tuple[Snippet, ...]
    documents: str
