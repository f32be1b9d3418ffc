"""Says in which way calls to a venue leave: by which name, through which proxy, and with whose credentials."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from common import VERSION

USER_AGENT = f"Spark/{VERSION}"
DEFAULT_PORT = 80
SECURE, PLAIN = ("https", "wss"), ("http", "ws")
_PORTS = dict.fromkeys(SECURE, 443) | dict.fromkeys(PLAIN, 80)


class BadProxy(ValueError):
    """The address of a proxy can't be used. The message says why, and never what was given: it may hold a password."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that speaks HTTP. It is never shown with its password.

    host, port: its address.
    username, password: what it asks for; empty for nothing.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Returns its address, without name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True)
class Proxies:
    """The proxies on the way to a host.

    secure: the proxy for https and wss; None for none.
    plain: the proxy for http and ws; None for none.
    exempt: hosts that are asked without one: names with all that end in them, addresses, networks, each with a port if
        only that port is meant; `*` for all.
    """

    secure: Proxy | None = None
    plain: Proxy | None = None
    exempt: tuple[str, ...] = ()

    def of(self, url: str) -> Proxy | None:
        """Returns the proxy on the way to an address, or None."""
        parts = urlsplit(url)
        proxy = self.secure if parts.scheme in SECURE else self.plain
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        return None if proxy is None or any(_covers(entry, host, port) for entry in self.exempt) else proxy


@dataclass(frozen=True)
class Access:
    """The way to one host.

    proxies: the proxies that may be on it.
    credentials: true when a person's credentials are shown there, so that only a person can mend their refusal.
    """

    proxies: Proxies = field(default_factory=Proxies)
    credentials: bool = False


def proxy_at(address: str) -> Proxy | None:
    """Reads `http://user:password@host:port`, in which all but the host may be missing; None when it is empty.

    Raises `BadProxy`.
    """
    address = address.strip()
    if not address:
        return None
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadProxy("must be http://host:port") from None
    if parts.scheme != "http":
        raise BadProxy("must begin with http://, the language in which the proxy itself is spoken to")
    if not host or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadProxy("must be http://host:port, where user:password@ may stand before the host")
    return Proxy(host, port or DEFAULT_PORT, unquote(parts.username or ""), unquote(parts.password or ""))


def exemptions(*lists: str) -> tuple[str, ...]:
    """Returns the entries of lists that are separated by commas or blanks, each once, in small letters."""
    entries = (entry for text in lists for entry in text.replace(",", " ").lower().split())
    return tuple(dict.fromkeys(entries))


def _covers(entry: str, host: str, port: int) -> bool:
    """Returns true when an exemption is about a host, whose name is in small letters."""
    if entry == "*":
        return True
    named, wanted_port = _apart(entry)
    if wanted_port is not None and wanted_port != port:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(named, strict=False)
    except ValueError:  # one of them is a name
        name = named.removeprefix("*").strip(".")
        return bool(name) and (host.rstrip(".") == name or host.rstrip(".").endswith(f".{name}"))


def _apart(entry: str) -> tuple[str, int | None]:
    """Returns host and port of an exemption; an IPv6 address with a port stands in brackets."""
    if entry.startswith("["):
        named, _, port = entry[1:].partition("]")
        port = port.removeprefix(":")
    elif entry.count(":") == 1:
        named, _, port = entry.partition(":")
    else:
        return entry, None
    return named, int(port) if port.isascii() and port.isdigit() else None
