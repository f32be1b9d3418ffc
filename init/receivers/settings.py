"""The settings of the receivers of alerts: which are on, where they are, and which alerts each gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from common.settings import Reader, SettingsError
from init.receivers import secrets
from init.receivers.names import RECEIVERS, SERVICES, Receiver

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`~-]+@[A-Za-z0-9.-]+")
SERVER = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):([0-9]{1,5})")
USER = re.compile(r"[^\s{}\x00-\x1f\x7f]+")
HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
IDENTIFIER = re.compile(r"-?[0-9]{1,19}")
HOST = re.compile(r"[A-Za-z0-9.-]+|\[?[0-9A-Fa-f:]+\]?")
LINK = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:(?P<port>[0-9]{1,5}))?(/[A-Za-z0-9._~/-]*)?"
)
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

__all__ = ["Email", "Links", "Settings", "SettingsError", "Telegram", "Urls"]


@dataclass(frozen=True)
class Email:
    """The mail server, and the addresses.

    to: the addresses that get every message.
    sender: the address that messages come from.
    server: host:port of the SMTP server.
    tls: starttls, implicit (TLS from the first byte, usually port 465) or none.
    user: the name to log in with; empty means no login, and then no password is needed.
    """

    to: tuple[str, ...]
    sender: str
    server: str
    tls: str
    user: str


@dataclass(frozen=True)
class Telegram:
    """The chat that the bot writes to.

    url: the address of the Bot API.
    chat: the chat's number, below zero for a group.
    thread: the number of a topic in the group; None means the group itself.
    """

    url: str
    chat: int
    thread: int | None


@dataclass(frozen=True)
class Urls:
    """The addresses of the services that have one of their own.

    pagerduty: PagerDuty's Events API, which has another address in the EU.
    jira: the address of Jira Service Management's alerts, with a slash at its end.
    webhook: the address that the webhook posts to; empty means that the secret is the address.
    """

    pagerduty: str
    jira: str
    webhook: str


@dataclass(frozen=True)
class Links:
    """The addresses that links in messages begin with, none with a slash at its end.

    console: the console, which has the runbooks.
    grafana: the dashboards.
    alertmanager: Alertmanager, where silences are made.
    """

    console: str
    grafana: str
    alertmanager: str


@dataclass(frozen=True)
class Settings:
    """All settings of the receivers.

    receivers: the receivers that get criticals, in the order of `RECEIVERS`.
    warnings_to: those of them that get warnings too.
    services: for a receiver that gets the alerts of some services only, these services.
    escalate_to: the receiver of criticals that nobody acknowledged; None means that every receiver gets those.
    quiet_hours: begin and end, as in 22:00, between which no warning is sent; None means that there are none.
    zone: the time zone of the quiet hours and of the times in messages.
    links: the addresses that links in messages begin with.
    email: None when e-mail is off.
    telegram: None when Telegram is off.
    urls: the addresses of the other services.
    """

    receivers: tuple[Receiver, ...]
    warnings_to: tuple[Receiver, ...]
    services: Mapping[Receiver, tuple[str, ...]]
    escalate_to: Receiver | None
    quiet_hours: tuple[str, str] | None
    zone: str
    links: Links
    email: Email | None
    telegram: Telegram | None
    urls: Urls

    @property
    def on(self) -> tuple[Receiver, ...]:
        """The receivers that get anything at all, in the order of `RECEIVERS`."""
        return tuple(name for name in RECEIVERS if name in (*self.receivers, self.escalate_to))

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, secrets_in: Path = secrets.FOLDER
    ) -> Settings:
        """Reads the settings. Raises `SettingsError` with a line for each fault, also of a secret that is missing."""
        reader = Reader(environment)
        receivers = _receivers(reader, "SPARK_RECEIVERS", reader.text("SPARK_RECEIVERS", ""), RECEIVERS)
        warnings_to = _receivers(reader, "SPARK_WARNINGS_TO", reader.text("SPARK_WARNINGS_TO", ""), receivers)
        escalate_to = _receivers(reader, "SPARK_ESCALATE_TO", reader.text("SPARK_ESCALATE_TO", ""), RECEIVERS)
        if len(escalate_to) > 1:
            reader.fault(f"SPARK_ESCALATE_TO='{','.join(escalate_to)}': must be one receiver")
        if escalate_to and not receivers:
            reader.fault("SPARK_ESCALATE_TO is set and SPARK_RECEIVERS is empty: name who gets criticals first")
        on = {*receivers, *escalate_to}
        settings = cls(
            receivers=receivers,
            warnings_to=warnings_to,
            services=_services(reader, tuple(receivers)),
            escalate_to=escalate_to[0] if escalate_to else None,
            quiet_hours=_quiet_hours(reader),
            zone=_zone(reader),
            links=_links(reader),
            email=_email(reader) if "email" in on else None,
            telegram=_telegram(reader) if "telegram" in on else None,
            urls=_urls(reader),
        )
        for fault in secrets.faults(settings.on, secrets_in, needed=settings.needs_secret, address=settings.is_address):
            reader.fault(fault)
        reader.check()
        return settings

    def needs_secret(self, receiver: Receiver) -> bool:
        """True unless the receiver works without a secret, as e-mail without a login does."""
        return receiver != "email" or bool(self.email and self.email.user)

    def is_address(self, receiver: Receiver) -> bool:
        """True when the receiver's secret is the address that messages are posted to."""
        return receiver in ("slack", "teams") or (receiver == "webhook" and not self.urls.webhook)


def _receivers(reader: Reader, name: str, value: str, known: tuple[Receiver, ...]) -> tuple[Receiver, ...]:
    """The receivers that a list names, in the order of `known`."""
    named = [part.strip() for part in value.split(",")] if value else []
    if len(set(named)) != len(named) or not all(part in RECEIVERS for part in named):
        reader.fault(f"{name}={value!r}: must be some of {', '.join(RECEIVERS)}, separated by commas, none twice")
    elif absent := [part for part in named if part not in known]:
        reader.fault(f"{name}={value!r}: {', '.join(absent)} must be in SPARK_RECEIVERS too")
    return tuple(each for each in known if each in named)


def _services(reader: Reader, receivers: tuple[Receiver, ...]) -> dict[Receiver, tuple[str, ...]]:
    value = reader.text("SPARK_RECEIVER_SERVICES", "")
    found: dict[Receiver, tuple[str, ...]] = {}
    for part in value.split(",") if value else []:
        name, _, listed = part.strip().partition("=")
        services = tuple(listed.split("+"))
        if name not in receivers or name in found:
            reader.fault(f"SPARK_RECEIVER_SERVICES={value!r}: {name!r} must be in SPARK_RECEIVERS, and here once")
        elif unknown := [service for service in services if service not in SERVICES]:
            rule = f"must be some of {', '.join(SERVICES)}, with + between them"
            reader.fault(f"SPARK_RECEIVER_SERVICES={value!r}: {', '.join(map(repr, unknown))} {rule}")
        else:
            found |= {each: services for each in receivers if each == name}
    return found


def _quiet_hours(reader: Reader) -> tuple[str, str] | None:
    value = reader.text("SPARK_QUIET_HOURS", "")
    if not value:
        return None
    begin, _, end = value.partition("-")
    if not HOURS.fullmatch(value) or begin == end:
        reader.fault(f"SPARK_QUIET_HOURS={value!r}: must be two different times, as in 22:00-07:00")
    return begin, end


def _zone(reader: Reader) -> str:
    value = reader.text("SPARK_TIMEZONE", "Europe/Istanbul")
    try:
        ZoneInfo(value)
    except (OSError, ValueError, LookupError):
        reader.fault(f"SPARK_TIMEZONE={value!r}: must be a time zone's name, as in Europe/Istanbul")
    return value


def _links(reader: Reader) -> Links:
    public = reader.text("SPARK_PUBLIC_URL", "")
    scheme = "https" if reader.text("SPARK_TLS", "") else "http"
    host = reader.text("SPARK_LINK_HOST", "127.0.0.1")
    web = reader.integer("SPARK_PORT_WEB", 3003, at_least=1, at_most=65535)
    grafana = reader.integer("SPARK_PORT_GRAFANA", 3000, at_least=1, at_most=65535)
    alertmanager = reader.integer("SPARK_PORT_ALERTMANAGER", 9093, at_least=1, at_most=65535)
    console = f"{scheme}://{host}:{web}"
    if public:
        console = public.rstrip("/")
        found = LINK.fullmatch(console)
        if not found or not 0 < int(found["port"] or 1) < 65536:
            reader.fault(
                f"SPARK_PUBLIC_URL={public!r}: must be the console's address, as in https://spark.example:3003"
            )
            return Links(console, "", "")
        scheme, host = found["scheme"], found["host"]
    elif not HOST.fullmatch(host):
        reader.fault(f"SPARK_LINK_HOST={host!r}: must be a name or an address without a port")
    return Links(console, f"{scheme}://{host}:{grafana}", f"{scheme}://{host}:{alertmanager}")


def _email(reader: Reader) -> Email:
    to = reader.text("SPARK_EMAIL_TO")
    sender = reader.text("SPARK_EMAIL_FROM")
    server = reader.text("SPARK_EMAIL_SERVER")
    tls = reader.choice("SPARK_EMAIL_TLS", "starttls", ("starttls", "implicit", "none"))
    user = reader.text("SPARK_EMAIL_USER", "")
    addresses = tuple(part.strip() for part in to.split(","))
    if to and not all(ADDRESS.fullmatch(each) for each in addresses):
        reader.fault(f"SPARK_EMAIL_TO={to!r}: must be addresses as in me@mail.example, separated by commas")
    if sender and not ADDRESS.fullmatch(sender):
        reader.fault(f"SPARK_EMAIL_FROM={sender!r}: must be an address, as in spark@mail.example")
    found = SERVER.fullmatch(server)
    if server and not (found and 0 < int(found[2]) < 65536):
        reader.fault(f"SPARK_EMAIL_SERVER={server!r}: must be host:port, as in smtp.mail.example:587")
    if user and not USER.fullmatch(user):
        reader.fault(f"SPARK_EMAIL_USER={user!r}: must be a name without blanks and braces")
    if user and tls == "none" and not (found and found[1] in LOOPBACK):
        reader.fault("SPARK_EMAIL_TLS='none': must be starttls or implicit with SPARK_EMAIL_USER, a password needs TLS")
    return Email(addresses, sender, server, tls, user)


def _telegram(reader: Reader) -> Telegram:
    chat = reader.text("SPARK_TELEGRAM_CHAT")
    thread = reader.text("SPARK_TELEGRAM_THREAD", "")
    if chat and not IDENTIFIER.fullmatch(chat):
        reader.fault(f"SPARK_TELEGRAM_CHAT={chat!r}: must be the chat's number, as in -1001234567890, and no @name")
    if thread and not (IDENTIFIER.fullmatch(thread) and int(thread) > 0):
        reader.fault(f"SPARK_TELEGRAM_THREAD={thread!r}: must be a topic's number above 0, or empty")
    return Telegram(
        url=reader.url("SPARK_TELEGRAM_URL", "https://api.telegram.org"),
        chat=int(chat) if IDENTIFIER.fullmatch(chat) else 0,
        thread=int(thread) if IDENTIFIER.fullmatch(thread) else None,
    )


def _urls(reader: Reader) -> Urls:
    webhook = reader.text("SPARK_WEBHOOK_URL", "") and reader.url("SPARK_WEBHOOK_URL", "")
    if set("{}@") & set(webhook):
        reader.fault(
            "SPARK_WEBHOOK_URL has a login or braces: it must have neither (make receiver-secret takes the token)"
        )
    return Urls(
        pagerduty=reader.url("SPARK_PAGERDUTY_URL", "https://events.pagerduty.com/v2/enqueue"),
        jira=reader.url("SPARK_JIRA_URL", "https://api.atlassian.com/jsm/ops/integration") + "/",
        webhook=webhook,
    )
