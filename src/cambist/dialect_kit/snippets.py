"""Small programs that call an API with one of its keys, ready to paste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["python", "javascript", "curl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A program for the keys of one form, for its language alone: Python's standard library, Node's, or a shell with curl and openssl.

    In `text` stand `<url>` for the venue's address and `<NAME>` for each credential, by its name in the ready file. It stands flush left,
    asks for one's balances, runs again and again, and shuts no other program out of the key: where nonces must rise it counts by the clock,
    and goes on from the number that the answer names when the key was used with higher ones.
    """

    form: str
    """`KeyForm.dialect`."""
    language: Language
    text: str
    private_key: bool = False
    """It signs with a private key of its owner's: `<private_key_file>` is where that is, as PKCS#8 in PEM. Python then needs
    `cryptography`."""

    def filled(self, url: str, credentials: Mapping[str, str]) -> str:
        """The program as it is run."""
        text = self.text.replace("<url>", url)
        for name, value in credentials.items():
            text = text.replace(f"<{name}>", value)
        return text
