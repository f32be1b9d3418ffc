"""Judges what a browser saw of the console: conditions, each with a sentence and the value that it met (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

PageVerdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]

TITLE = "Spark console"
FIRST_PRICE_LIMIT_SECONDS = 5.0
CHANGES_WANTED = 2
"""The stream's first message may change what the server drew. Only a second change shows that the stream goes on."""
VERDICTS = ("PASS", "FAIL", "INCONCLUSIVE")
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
"""Chromium's word for a request that it broke off because a network interface of this machine came or went."""
_PRICE = re.compile(r"[0-9][0-9,]*(\.[0-9]+)?")
_LONGEST = 160


@dataclass(frozen=True)
class PageRow:
    """A row of the table of quotes, as the page shows it.

    symbol: the venue's name and the pair.
    bid, ask: the texts of the two cells.
    stale: true when the page marks the row as too old.
    visible: true when the browser draws the row.
    """

    symbol: str
    bid: str
    ask: str
    stale: bool
    visible: bool

    def live(self) -> bool:
        """Returns true when a user sees a bid and an ask that are not stale."""
        prices = all(_PRICE.fullmatch(text.strip()) for text in (self.bid, self.ask))
        return self.visible and not self.stale and prices


@dataclass
class PageSeen:
    """All that the browser saw from the opening of the page to the end of the watch.

    status: HTTP status of the document; None when no document came.
    title: title of the page; None when the page could not be read.
    errors: errors in the browser's console, and exceptions of scripts.
    failed_requests: requests without an answer or with a status of 400 and above, each with its reason.
    link: the page's own word on its stream, such as `live`; None when the page could not be read.
    rows: the rows of the table of quotes at the end; None when the page could not be read.
    changes: how often prices changed while the page said that it is live; None when it never said so.
    watched_seconds: how long changes were waited for, in seconds; None when that wait never began.
    card: verdict on the canary's card; None when the card shows none.
    first_price_seconds: time from the request to the first price on the screen, in seconds; None when there was none.
    """

    status: int | None = None
    title: str | None = None
    errors: list[str] = field(default_factory=list)
    failed_requests: list[str] = field(default_factory=list)
    link: str | None = None
    rows: list[PageRow] | None = None
    changes: int | None = None
    watched_seconds: float | None = None
    card: str | None = None
    first_price_seconds: float | None = None


@dataclass(frozen=True)
class PageCondition:
    """A condition with the value that it met.

    what: name of the value.
    rule: the rule that the value must keep, such as `== 200`.
    value: the value that was seen, as text; `none` when there was none.
    met: false when the rule is not kept, and when there was no value.
    sentence: the same for a reader.
    """

    what: str
    rule: str
    value: str
    met: bool
    sentence: str

    @property
    def text(self) -> str:
        """Rule and value together: `[STATUS] (500) == 200`."""
        return f"[{self.what}] ({self.value}) {self.rule}"


def judged(seen: PageSeen) -> list[PageCondition]:
    """Returns all conditions, in the order in which a user meets them. A value that is missing meets no rule."""
    return [
        _status(seen),
        _title(seen),
        _none_of("CONSOLE_ERRORS", "error in the browser's console", seen, seen.errors),
        _none_of("FAILED_REQUESTS", "failed request", seen, seen.failed_requests),
        _first_price(seen),
        _live_rows(seen),
        _link(seen),
        _changes(seen),
        _card(seen),
    ]


def verdict_of(seen: PageSeen, conditions: list[PageCondition]) -> PageVerdict:
    """Returns PASS when all conditions are met.

    A failure beside a request that this machine's network broke off is INCONCLUSIVE: it says nothing of the console.
    """
    if conditions and all(one.met for one in conditions):
        return "PASS"
    broken_off = any(NETWORK_CHANGED in one for one in (*seen.failed_requests, *seen.errors))
    return "INCONCLUSIVE" if broken_off or not conditions else "FAIL"


def printable(text: str) -> str:
    """Returns `text` on one line, without control characters and at most 160 letters long."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"


def _condition(what: str, rule: str, value: object, met: bool, sentence: str) -> PageCondition:
    shown = "none" if value is None else printable(str(value))
    return PageCondition(what, rule, shown, met, printable(sentence))


def _status(seen: PageSeen) -> PageCondition:
    met = seen.status == 200
    said = "No document came." if seen.status is None else f"The document came with status {seen.status}."
    return _condition("STATUS", "== 200", seen.status, met, said)


def _title(seen: PageSeen) -> PageCondition:
    said = "The page has no title." if not seen.title else f'The title is "{seen.title}".'
    return _condition("TITLE", f'contains "{TITLE}"', seen.title, TITLE in (seen.title or ""), said)


def _none_of(what: str, name: str, seen: PageSeen, found: list[str]) -> PageCondition:
    """Judges a list that must be empty. Nothing is known from it when no document came."""
    if found:
        return _condition(what, "== 0", len(found), False, f"There are {len(found)} of this: {name}. First: {found[0]}")
    if seen.status is None:
        return _condition(what, "== 0", None, False, f"No page was there that could have had a {name}.")
    return _condition(what, "== 0", 0, True, f"There was no {name}.")


def _first_price(seen: PageSeen) -> PageCondition:
    rule, took = f"<= {FIRST_PRICE_LIMIT_SECONDS:g}s", seen.first_price_seconds
    if took is None:
        return _condition("FIRST_PRICE", rule, None, False, "No price came on the screen.")
    said = f"The first price was on the screen after {took:.2f} s."
    return _condition("FIRST_PRICE", rule, f"{took:.2f}s", took <= FIRST_PRICE_LIMIT_SECONDS, said)


def _live_rows(seen: PageSeen) -> PageCondition:
    if seen.rows is None:
        return _condition("LIVE_ROWS", ">= 1", None, False, "The table of quotes could not be read.")
    live = [row for row in seen.rows if row.live()]
    said = f"{len(live)} of {len(seen.rows)} rows show a bid and an ask that are not stale"
    example = f", such as {live[0].symbol}: {live[0].bid.strip()} and {live[0].ask.strip()}." if live else "."
    return _condition("LIVE_ROWS", ">= 1", len(live), bool(live), said + example)


def _link(seen: PageSeen) -> PageCondition:
    said = "The page says nothing of its stream." if seen.link is None else f"The page calls its stream {seen.link}."
    return _condition("STREAM", '== "live"', seen.link, seen.link == "live", said)


def _changes(seen: PageSeen) -> PageCondition:
    rule = f">= {CHANGES_WANTED}"
    if seen.changes is None or seen.watched_seconds is None:
        return _condition("PRICE_CHANGES", rule, None, False, "The page never became live, so no price could change.")
    said = f"Prices changed {seen.changes} times within {seen.watched_seconds:.1f} s."
    return _condition("PRICE_CHANGES", rule, seen.changes, seen.changes >= CHANGES_WANTED, said)


def _card(seen: PageSeen) -> PageCondition:
    said = f"The canary's card shows {seen.card}." if seen.card else "The canary's card shows no verdict."
    return _condition("CARD", f"one of {', '.join(VERDICTS)}", seen.card, seen.card in VERDICTS, said)
