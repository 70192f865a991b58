"""What the journal says about the directory: whoever was shut out stays out, also when an older copy of the file is put back.

The directory is no view of the journal (it holds secrets and names, which journals must not), but each change that takes a right away
leaves a mark there: a note whose memo is `{"directory": [word, ...]}`. The marks that the file has not seen yet are applied again at the
next start. Of a copy that is older than they are, the keys end, the frozen and erased users are so again, a password that was replaced
since opens nothing any more, and one-time codes that were switched on since are asked for although nobody can know them: the copy has
neither the password nor the secret of the codes, and the journal must not.

| mark | the directory does |
|---|---|
| `key-revoked`, key id | revokes the key |
| `frozen`, account | freezes its user |
| `unfrozen`, account | the reverse |
| `erased`, account | erases its user |
| `password`, account, number | when it never made the change of that number: locks the password |
| `codes-on`, account, number, kind (`totp`, `hotp`) | when it never made that change: asks for codes that nobody knows |
| `codes-off`, account, number | when it never made that change: switches all codes off |
| `recovery-renewed`, account, number | when it never made that change: takes the recovery codes away |
| `role`, account, number | when it never made that change: takes the user's role away |
| `recovery-used`, account, number | takes the recovery code of that number away |
| `passkey-removed`, account, number | removes the passkey of that number |
"""

from typing import Any

WORD = "directory"
OF_USERS = frozenset(
    {
        "frozen",
        "unfrozen",
        "erased",
        "password",
        "codes-on",
        "codes-off",
        "recovery-renewed",
        "recovery-used",
        "role",
        "passkey-removed",
    }
)
"""Words behind which an account stands."""


def key_revoked(key_id: int) -> dict[str, Any]:
    return {WORD: ["key-revoked", key_id]}


def frozen(account: int) -> dict[str, Any]:
    return {WORD: ["frozen", account]}


def unfrozen(account: int) -> dict[str, Any]:
    return {WORD: ["unfrozen", account]}


def erased(account: int) -> dict[str, Any]:
    return {WORD: ["erased", account]}


def password_set(account: int, number: int) -> dict[str, Any]:
    """`number` is what `Directory.change_password` gave."""
    return {WORD: ["password", account, number]}


def codes_on(account: int, number: int, kind: str) -> dict[str, Any]:
    """`kind`: "totp" or "hotp". `number` as `SecondFactor.confirm` gave it, or `HotpKeys.follow_confirmations` tells it."""
    return {WORD: ["codes-on", account, number, kind]}


def codes_off(account: int, number: int) -> dict[str, Any]:
    """`number` is what `Directory.remove_codes` gave."""
    return {WORD: ["codes-off", account, number]}


def recovery_renewed(account: int, number: int) -> dict[str, Any]:
    """`number` is what `RecoveryCodes.renew` gave."""
    return {WORD: ["recovery-renewed", account, number]}


def recovery_used(account: int, number: int) -> dict[str, Any]:
    """`number` as `RecoveryCodes.follow_uses` tells it."""
    return {WORD: ["recovery-used", account, number]}


def passkey_removed(account: int, number: int) -> dict[str, Any]:
    """`number` is the passkey's id."""
    return {WORD: ["passkey-removed", account, number]}


def role_set(account: int, number: int) -> dict[str, Any]:
    """`number` is what `Directory.set_role` gave."""
    return {WORD: ["role", account, number]}
