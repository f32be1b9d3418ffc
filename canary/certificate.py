"""Reads the certificate that the gateway serves, as a client of it would, and knows when it ends."""

from __future__ import annotations

import logging
import socket
import ssl
from datetime import datetime
from typing import NamedTuple

from canary.x509 import end_of
from common.clock import Clock

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


class TlsAddress(NamedTuple):
    """An address that speaks TLS.

    host: its name.
    port: its port.
    """

    host: str
    port: int


class CertificateWatch:
    """The step of the loop `certificate`. While the gateway is away, what was read last goes on counting."""

    def __init__(self, address: TlsAddress, timeout: float, clock: Clock) -> None:
        """`timeout` is in seconds, for the connection and for each answer."""
        self._address, self._timeout, self._clock = address, timeout, clock
        self._end: datetime | None = None
        self._trouble: str | None = None

    def remaining(self) -> float | None:
        """Returns the seconds until the certificate ends, below zero after its end; None before it was ever read."""
        return None if self._end is None else (self._end - self._clock.now()).total_seconds()

    def step(self) -> float:
        """Reads the certificate once; returns the seconds to pause. A gateway that is away is noted, not raised."""
        try:
            self._end, trouble = end_of(self._served()), None
        except (OSError, ValueError) as error:
            trouble = f"{type(error).__name__}: {error}"[:200]
        if trouble is not None and trouble != self._trouble:
            log.warning("the certificate can't be read", extra={"reason": trouble})
        self._trouble = trouble
        return LOOK_SECONDS

    def _served(self) -> bytes:
        # One that has ended, or that an authority of this stack alone signed, must be read too. Nothing is sent.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection(self._address, timeout=self._timeout) as plain,
            context.wrap_socket(plain, server_hostname=self._address.host) as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""
