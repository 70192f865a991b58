"""Who may do what: each endpoint needs one scope, which its row in the table of routes names."""

from enum import StrEnum

from cambist.directory.values import Role


class Scope(StrEnum):
    """What a caller must be allowed."""

    PUBLIC = "public"
    """Everybody, without saying who they are."""
    READ = "read"
    TRADE = "trade"
    FUNDS = "funds"
    """What moves money beside trades: withdrawals, coupons, payments."""
    ACCOUNT = "account"
    """Passwords, second factors, sessions, API keys: for people who logged in, never for a key."""
    OPERATOR_READ = "operator-read"
    OPERATOR = "operator"
    """What operators see, and do: for logged in users of that role."""


KEY_SCOPES = frozenset({Scope.READ.value, Scope.TRADE.value, Scope.FUNDS.value})
"""What a key can be given."""
DEFAULT_KEY_SCOPES = frozenset({Scope.READ.value, Scope.TRADE.value})
SESSION_SCOPES = frozenset({Scope.READ, Scope.TRADE, Scope.FUNDS, Scope.ACCOUNT})
"""What whoever logged in may do."""

ROLE_SCOPES = {
    Role.OPERATOR: frozenset({Scope.OPERATOR_READ, Scope.OPERATOR}),
    Role.SUPPORT: frozenset({Scope.OPERATOR_READ}),
    Role.AUDITOR: frozenset({Scope.OPERATOR_READ}),
}
OPERATORS = frozenset({Scope.OPERATOR_READ, Scope.OPERATOR})
OF_PEOPLE = frozenset({Scope.ACCOUNT}) | OPERATORS
"""What no key can have."""


class Effect(StrEnum):
    """What an endpoint does to the venue, and so when the nonce of a signed request is used up."""

    READ = "read"
    """Nothing: no nonce is used up."""
    COMMAND = "command"
    """It gives a command that carries the nonce, and waits for nothing before that."""
    CHANGE = "change"
    """It waits, or changes something else: the nonce is used up before it begins."""
