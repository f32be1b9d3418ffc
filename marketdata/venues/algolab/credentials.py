"""The customer's credentials with the broker. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from marketdata.venues.algolab.signing import key_fault


@dataclass(frozen=True)
class Credentials:
    """The credentials that the broker gave the customer. They are never shown, also not by accident.

    api_key: the key of the program's access.
    username, password: the customer's own.
    """

    api_key: str
    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"

    def secrets(self) -> tuple[str, ...]:
        """Returns the texts that must be recorded nowhere."""
        return self.api_key, self.username, self.password

    def fault(self) -> str | None:
        """Returns the part that is missing or malformed, or None."""
        if not (self.api_key and self.username and self.password):
            return "API key, user name and password are not all set"
        return key_fault(self.api_key)
