"""Reads a venue's TOML configuration, strictly: an unknown word, a wrong type or an impossible number is refused with its place.

docs/reference/configuration.md explains every setting; `default_config.toml` beside this file is the commented default.
"""

import ipaddress
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from cambist.app import regular_files
from cambist.app.dialects import DialectSections
from cambist.app.dialects import complaints as dialect_complaints
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.domain.backfill import MOST_DAYS
from cambist.operations.market_terms import NAME, AssetListing, MarketListing, MarketTerms, asset_complaint, market_terms
from cambist.sandbox.money import LEAST_VALUE, MOST_VALUE, usd_value
from cambist.sandbox.presets import LEAST_INTENSITY, MOST_INTENSITY, PRESETS, TraderChanges, changed
from cambist.sandbox.presets import complaints as trader_complaints

DEFAULT_NAME = "default_config.toml"


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class ServerConfig(_Section, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: int = 8700
    trusted_proxies: tuple[str, ...] = ()
    forwarded: Literal["x-forwarded", "forwarded"] = "x-forwarded"
    clock_skew_seconds: float = 2.0


class HttpConfig(_Section, frozen=True, kw_only=True):
    connections: int = 10_000
    connections_per_peer: int = 500
    body_kibibytes: int = 128
    idle_seconds: int = 75
    unread_mebibytes: int = 256


class JournalConfig(_Section, frozen=True, kw_only=True):
    segment_mebibytes: int = 64
    checkpoint_every: int = 100_000
    snapshot_every: int = 1_000_000
    snapshots_kept: int = 3


class HistoryConfig(_Section, frozen=True, kw_only=True):
    """Where history is kept, if not in the data directory."""

    url: str = ""
    password_file: str = ""
    folded_by: Literal["venue", "historian"] = "venue"


class ClusterConfig(_Section, frozen=True, kw_only=True):
    """Where the log is when it is not on this machine alone: nowhere else while `servers` is empty."""

    servers: tuple[str, ...] = ()
    name: str = "cambist"
    node: str = ""
    replicas: int = 3
    log_gibibytes: int = 16
    give_up_seconds: float = 30.0
    outcome_seconds: float = 20.0
    credentials: str = ""
    tls_ca: str = ""
    database: str = ""
    database_password_file: str = ""


class LogConfig(_Section, frozen=True, kw_only=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"
    file: str = ""


class WalletConfig(_Section, frozen=True, kw_only=True):
    block_seconds: int = 10
    confirmations: int = 3
    approve_above: dict[str, str] = {}


class MerchantConfig(_Section, frozen=True, kw_only=True):
    public_url: str = ""
    order_hours: int = 24
    callback_minutes: int = 30
    callback_attempts: int = 48
    callback_ports: tuple[int, ...] = (80, 443)
    loopback_callbacks: bool = False


class BackupConfig(_Section, frozen=True, kw_only=True):
    """Backups that operators start over the network."""

    directory: str = ""


class RatesConfig(_Section, frozen=True, kw_only=True):
    """Where conversion rates of linked markets come from, beside the operator's command."""

    file: str = ""


class SandboxConfig(_Section, frozen=True, kw_only=True):
    """The traders of a sandbox; a venue has none."""

    preset: Literal["quiet", "calm", "busy", "thin", "trend", "flash-crash", "one-sided", "halted"] = "calm"
    past_days: int = 45
    linked: bool = True
    values: dict[str, float] = {}
    intensity: dict[str, float] = {}
    traders: TraderChanges = TraderChanges()  # type: ignore[valid-type]  # made of the numbers that traders have


class LimitsConfig(_Section, frozen=True, kw_only=True):
    """What one account may have."""

    deposit_addresses: int = 10_000
    open_payment_orders: int = 10_000
    coupons_per_day: int = 1_000
    transfers_per_day: int = 1_000


class Config(_Section, frozen=True, kw_only=True):
    server: ServerConfig = ServerConfig()
    journal: JournalConfig = JournalConfig()
    history: HistoryConfig = HistoryConfig()
    cluster: ClusterConfig = ClusterConfig()
    log: LogConfig = LogConfig()
    wallet: WalletConfig = WalletConfig()
    merchant: MerchantConfig = MerchantConfig()
    http: HttpConfig = HttpConfig()
    limits: LimitsConfig = LimitsConfig()
    rates: RatesConfig = RatesConfig()
    backup: BackupConfig = BackupConfig()

    sandbox: SandboxConfig = SandboxConfig()
    dialects: DialectSections = DialectSections()  # type: ignore[valid-type]  # made of what the dialects say of themselves
    asset: tuple[AssetListing, ...] = ()
    market: tuple[MarketListing, ...] = ()


def default_text() -> str:
    """The commented default configuration."""
    return (files("cambist.app") / DEFAULT_NAME).read_text(encoding="utf-8")


def load(path: Path) -> Config:
    """The configuration in a file. OperatorError CONFIGURATION when it cannot be read or is refused; PERMISSION."""
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """A file's text, a byte order mark left out. OperatorError CONFIGURATION; PERMISSION when this user may not read it."""
    try:
        return regular_files.read(path).decode("utf-8-sig")
    except FileNotFoundError:
        raise OperatorError(f"{path}: there is no such configuration file", Exit.CONFIGURATION) from None
    except PermissionError as error:
        raise of_system(error) from None
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read: {error.strerror}", Exit.CONFIGURATION) from None
    except (regular_files.Unsuitable, UnicodeDecodeError) as error:
        raise OperatorError(f"{path}: cannot be read: {error}", Exit.CONFIGURATION) from None


def parse(text: str, source: str = "configuration") -> Config:
    """A configuration from TOML text. OperatorError names `source`, the setting and what is wrong with it."""
    try:
        config = msgspec.toml.decode(text, type=Config)
    except msgspec.ValidationError as error:
        raise OperatorError(f"{source}: {_plain(str(error))}", Exit.CONFIGURATION) from None
    except msgspec.DecodeError as error:
        raise OperatorError(f"{source}: this is no TOML: {error}", Exit.CONFIGURATION) from None
    if not config.asset and not config.market:
        # A file about other things than assets and markets leaves those as they are by default.
        default = msgspec.toml.decode(default_text(), type=Config)
        config = msgspec.structs.replace(config, asset=default.asset, market=default.market)
    for complaint in _complaints(config):
        raise OperatorError(f"{source}: {complaint}", Exit.CONFIGURATION)
    return config


def terms(config: Config, market: MarketListing) -> MarketTerms:
    """The market's decimal texts as the core's integers. OperatorError names the setting."""
    base, quote = (next(asset for asset in config.asset if asset.code == code) for code in (market.base, market.quote))
    found = market_terms(market, base, quote)
    if isinstance(found, str):
        raise OperatorError(found, Exit.CONFIGURATION)
    return found


def _plain(text: str) -> str:
    """msgspec's "Expected `str`, got `float` - at `$.market[0].min_price`" in a person's words."""
    text = re.sub(r" - at `\$\.?([^`]*)`", lambda place: f" (at {place[1] or 'the top'})", text)
    text = text.replace("Object contains unknown field", "there is no setting named").replace(
        "Object missing required field", "this is missing:"
    )
    if re.search(r"Expected `str`, got `(float|int)`", text):
        text += ': write exact decimals in quotes, as in min_amount = "0.001"'
    return text


def _complaints(config: Config) -> list[str]:
    """What the types alone do not catch, in the order of the file; empty when all is well."""
    found: list[str] = []
    if not config.server.host.strip():
        found.append('server.host is empty: 127.0.0.1 is this machine alone, "::" every address')
    if not 0 <= config.server.port <= 65535:
        found.append(f"server.port = {config.server.port} is no port (0 to 65535; 0 takes a free one)")
    found += [f'server.trusted_proxies: "{proxy}" is no address or network such as 10.0.0.0/8' for proxy in _wrong_proxies(config.server)]
    for section, name, least in (
        (config.journal, "segment_mebibytes", 1),
        (config.journal, "checkpoint_every", 1),
        (config.journal, "snapshot_every", 1),
        (config.journal, "snapshots_kept", 1),
        (config.cluster, "replicas", 1),
        (config.cluster, "log_gibibytes", 1),
        (config.cluster, "give_up_seconds", 1),
        (config.cluster, "outcome_seconds", 1),
        (config.wallet, "block_seconds", 1),
        (config.wallet, "confirmations", 0),
        (config.merchant, "order_hours", 1),
        (config.merchant, "callback_minutes", 1),
        (config.merchant, "callback_attempts", 1),
        (config.limits, "deposit_addresses", 1),
        (config.limits, "open_payment_orders", 1),
        (config.limits, "coupons_per_day", 1),
        (config.limits, "transfers_per_day", 1),
        (config.http, "connections", 1),
        (config.http, "connections_per_peer", 1),
        (config.http, "body_kibibytes", 1),
        (config.http, "idle_seconds", 1),
        (config.http, "unread_mebibytes", 1),
    ):
        if getattr(section, name) < least:
            found.append(f"{name} = {getattr(section, name)} is too small: at least {least}")
    found += _cluster_complaints(config.cluster)
    found += dialect_complaints(config.dialects)
    found += _history_complaints(config.history)
    found += _sandbox_complaints(config)
    found += [f"merchant.callback_ports: {port} is no port" for port in config.merchant.callback_ports if not 0 < port < 65_536]
    if config.merchant.public_url and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+/?", config.merchant.public_url):
        found.append(f'merchant.public_url = "{config.merchant.public_url}" is no address such as https://pay.example.com')
    codes: set[str] = set()
    for asset in config.asset:
        found += _asset_complaints(asset, codes)
        codes.add(asset.code)
    names: set[str] = set()
    for market in config.market:
        if market.name in names:
            found.append(f"market {market.name} is listed twice")
        names.add(market.name)
        found += _market_complaints(config, market, codes)
    return found


def _history_complaints(section: HistoryConfig) -> list[str]:
    # Nothing of the address is quoted: it may hold a password.
    if section.url and not section.url.startswith(("postgresql://", "postgres://")):
        return ['history.url is no address such as "postgresql://cambist@db.example.com/cambist"']
    if section.password_file and not section.url:
        return ["history.password_file is of no use without history.url"]
    if section.folded_by == "historian" and not section.url:
        return ['history.folded_by = "historian" needs history.url: only a database can be folded into by another process']
    return []


def _cluster_complaints(section: ClusterConfig) -> list[str]:
    found = [
        f'cluster.servers: "{server}" is no address such as nats://10.0.0.1:4222'
        for server in section.servers
        if not re.fullmatch(r"(nats|tls)://[A-Za-z0-9.:\[\]-]+", server)
    ]
    for setting, text in (("name", section.name), ("node", section.node)):
        if not re.fullmatch(r"[A-Za-z0-9_-]*", text) or (setting == "name" and not text):
            found.append(f'cluster.{setting} = "{text}": letters, digits, - and _')
    # Nothing of the address is quoted: it may hold a password.
    if section.database and not section.database.startswith(("postgresql://", "postgres://")):
        found.append('cluster.database is no address such as "postgresql://cambist@db.example.com/cambist"')
    if section.database_password_file and not section.database:
        found.append("cluster.database_password_file is of no use without cluster.database")
    if section.servers and not section.node:
        found.append("cluster.node is missing: the name of this node, which no other node has")
    return found


def _sandbox_complaints(config: Config) -> list[str]:
    section = config.sandbox
    found = [f"sandbox.traders: {complaint}" for complaint in trader_complaints(changed(PRESETS[section.preset], section.traders))]
    if not 0 <= section.past_days <= MOST_DAYS:
        found.append(f"sandbox.past_days = {section.past_days}: 0 to {MOST_DAYS}")
    codes = {asset.code for asset in config.asset}
    for code, value in section.values.items():
        if code not in codes:
            found.append(f"sandbox.values: there is no asset {code}")
        elif not LEAST_VALUE <= value <= MOST_VALUE:
            found.append(f"sandbox.values.{code} = {value:g}: {LEAST_VALUE:g} to {MOST_VALUE:g}")
    found += [_beyond_limits(market, section.values) for market in config.market if {market.base, market.quote} & section.values.keys()]
    names = {market.name for market in config.market}
    for name, intensity in section.intensity.items():
        if name not in names:
            found.append(f"sandbox.intensity: there is no market {name}")
        elif not 0.0 <= intensity <= MOST_INTENSITY or 0.0 < intensity < LEAST_INTENSITY:
            found.append(f"sandbox.intensity.{name} = {intensity:g}: 0, or {LEAST_INTENSITY:g} to {MOST_INTENSITY:g}")
    return [complaint for complaint in found if complaint]


def _beyond_limits(market: MarketListing, values: Mapping[str, float]) -> str:
    """That a market would stand at the edge of its limits, where traders could not follow its price; empty when it would not."""
    price = usd_value(market.base, values) / usd_value(market.quote, values)
    if float(market.min_price) * 2 <= price <= float(market.max_price) / 2:
        return ""
    return f"sandbox.values: {market.name} would be worth {price:,.6g}, and its prices go from {market.min_price} to {market.max_price}"


def _wrong_proxies(config: ServerConfig) -> list[str]:
    wrong = []
    for proxy in config.trusted_proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            wrong.append(proxy)
    return wrong


def _asset_complaints(asset: AssetListing, taken: set[str]) -> list[str]:
    if asset.code in taken:
        return [f"asset {asset.code} is listed twice"]
    complaint = asset_complaint(asset)
    return [] if complaint is None else [complaint]


def _market_complaints(config: Config, market: MarketListing, codes: set[str]) -> list[str]:
    if not NAME.fullmatch(market.name):
        return [f'market name "{market.name}" must be base_quote in lower case, as in btc_usd']
    for code in (market.base, market.quote):
        if code not in codes:
            return [f"market {market.name}: there is no asset {code}; add an [[asset]] with that code"]
    try:
        terms(config, market)
    except OperatorError as trouble:
        return [trouble.text]
    return []
