"""The dialects of this program. Adding one means one package and one line here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from cambist.dialect_kit.dialect import Dialect, DialectSettings
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.snippets import Snippet
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects import btce_wex, btse, expie, mtgox, native
from cambist.directory import KeyForm

DIALECTS: tuple[Dialect[Any], ...] = (btce_wex.DIALECT, expie.DIALECT, mtgox.DIALECT, btse.DIALECT, native.DIALECT)
TITLES = {dialect.name: dialect.title for dialect in DIALECTS}

DialectSections = msgspec.defstruct(
    "DialectSections",
    [(dialect.name, dialect.settings, dialect.settings()) for dialect in DIALECTS],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)
"""`[dialects]` of the configuration: one section for each, by name."""


def settings_of(sections: msgspec.Struct, dialect: Dialect[Any]) -> DialectSettings:
    """A dialect's section of `DialectSections`."""
    section: DialectSettings = getattr(sections, dialect.name)
    return section


def enabled(sections: msgspec.Struct) -> list[Dialect[Any]]:
    """The dialects that the configuration has not switched off."""
    return [dialect for dialect in DIALECTS if settings_of(sections, dialect).enabled]


def build(sections: msgspec.Struct, services: VenueServices) -> list[DialectService]:
    """Every dialect that is switched on, on a running venue, its paths narrowed to the host that its section names. From now on each of
    them is asked how it words an order."""
    made = [_placed(dialect.build(services, section), section.host) for dialect, section in _sections(sections)]
    services.order_renderers.bind(service.render_order for service in made)
    return made


def key_forms(sections: msgspec.Struct) -> tuple[KeyForm, ...]:
    """The kinds of keys that can be minted."""
    return tuple(form for dialect in enabled(sections) for form in dialect.key_forms)


def complaints(sections: msgspec.Struct) -> list[str]:
    """What is wrong with any section."""
    return [f"dialects.{dialect.name}: {complaint}" for dialect, section in _sections(sections) for complaint in section.complaints()]


def snippets(sections: msgspec.Struct) -> tuple[Snippet, ...]:
    """Programs for the kinds of keys that can be minted."""
    return tuple(snippet for dialect in enabled(sections) for snippet in dialect.snippets)


def python_programs(url: str, keys: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """A small program for every kind of key that there is one of; `keys`: credentials by the name of the kind."""
    found = [snippet for dialect in DIALECTS for snippet in dialect.snippets if snippet.language == "python" and not snippet.private_key]
    return {snippet.form: snippet.filled(url, keys[snippet.form]) for snippet in found if snippet.form in keys}


def _sections(sections: msgspec.Struct) -> Iterable[tuple[Dialect[Any], DialectSettings]]:
    return [(dialect, settings_of(sections, dialect)) for dialect in enabled(sections)]


def _placed(service: DialectService, host: str) -> DialectService:
    if not host:
        return service
    return replace(
        service,
        routes=tuple(replace(route, host=host) for route in service.routes),
        sockets=tuple(replace(socket, host=host) for socket in service.sockets),
        path_errors=tuple(replace(errors, host=host) for errors in service.path_errors),
    )
