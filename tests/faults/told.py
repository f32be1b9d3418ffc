"""Messages to receivers, read: the alert that one is about, and whether it tells of its begin or of its end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from tests.rules import forms
from tests.rules.sinks import Message

RUNBOOK = re.compile(r"/runbook/(\w+)|\"alertname\": \"(\w+)\"")


def firing(message: Message) -> bool:
    """The message says that something fires."""
    return forms.word(forms.title_of(message)) != "RESOLVED"


def arrivals(messages: list[Message], alert: str) -> dict[str, float]:
    """By receiver, when its first message about the alert came."""
    found: dict[str, float] = {}
    for message in messages:
        if firing(message) and _names(message, alert):
            found.setdefault(message.receiver, message.at)
    return found


def critical(messages: list[Message], alert: str) -> bool:
    """The alert was told as a critical one."""
    titles = (forms.title_of(message) for message in messages if _names(message, alert))
    return any(forms.word(title) == "CRITICAL" for title in titles)


def endings(messages: list[Message], alert: str, receivers: Iterable[str]) -> dict[str, float]:
    """By receiver, when its last message of the alert's end came; left out are those that still wait for one.

    An alert of several services is told in a group for each, and each group has its end.
    """
    groups = {message.body["groupKey"] for message in messages if _of("webhook", message) and _names(message, alert)}
    found: dict[str, float] = {}
    for receiver in receivers:
        own = [message for message in messages if _of(receiver, message) and _is_about(message, alert, messages)]
        ends = [message for message in own if not firing(message)]
        if ends and own[-1] is ends[-1] and len(ends) >= len(groups):
            found[receiver] = ends[-1].at
    return found


def alert_of(message: Message) -> str:
    """The alert that a message is about; "?" for what closes one in Jira."""
    found = RUNBOOK.search(json.dumps(message.body))
    return (found[1] or found[2]) if found else "?"


def told(messages: list[Message], receiver: str) -> tuple[str, ...]:
    """The alerts that a receiver was told of, by the links to their runbooks."""
    return tuple(alert_of(each) for each in messages if _of(receiver, each) and firing(each))


def _of(receiver: str, message: Message) -> bool:
    return message.receiver == receiver


def _names(message: Message, alert: str) -> bool:
    return any(alert in found.groups() for found in RUNBOOK.finditer(json.dumps(message.body)))


def _is_about(message: Message, alert: str, messages: list[Message]) -> bool:
    """As `_names`, and what closes an alert in Jira, which has nothing but the name of its group."""
    if message.receiver != "jira" or firing(message):
        return _names(message, alert)
    opened = {each.body["alias"] for each in messages if _of("jira", each) and firing(each) and _names(each, alert)}
    return any(f"/alerts/{alias}/close" in message.path for alias in opened)
