"""Opens the console in a browser and collects what a user would see of it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import urlsplit

from canary.page.chromium import Chromium, NoAnswer
from canary.page.judging import CHANGES_WANTED, PageRow, PageSeen, printable

LOOK_SECONDS = 0.1
LEAST_SECONDS = 3.0
"""Errors that come late are waited for so long after the page is live."""
_MOST_TOLD = 50
_HIGHEST = 5000
"""The most of the page that is on the picture, in pixels."""

# A price is on the screen one frame after its cell has it.
FIRST_PRICE = """
(() => {
  const shown = (cell) => /^[0-9]/.test(cell.textContent.trim()) && cell.getClientRects().length > 0;
  const look = () => {
    if ([...document.querySelectorAll("#quote-rows [data-field=bid]")].some(shown)) {
      requestAnimationFrame(() => { window.sparkFirstPriceMs = performance.now(); });
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()
"""
LOOK = """
JSON.stringify({
  title: document.title,
  link: document.getElementById("link")?.dataset.state ?? null,
  card: document.querySelector("#canary .verdict b")?.textContent.trim() ?? null,
  firstPriceMs: window.sparkFirstPriceMs ?? null,
  rows: [...document.querySelectorAll("#quote-rows tr")].map((row) => ({
    symbol: row.dataset.symbol ?? "",
    bid: row.querySelector("[data-field=bid]")?.textContent ?? "",
    ask: row.querySelector("[data-field=ask]")?.textContent ?? "",
    stale: row.classList.contains("stale"),
    visible: row.getClientRects().length > 0,
  })),
})
"""


class Watch:
    """A tab of the browser, and what is seen in it."""

    def __init__(self, browser: Chromium, url: str, patience: float) -> None:
        """`patience` is the longest wait in seconds until the page is live, and then until all of it was seen."""
        self.seen = PageSeen()
        self._browser = browser
        self._url = url
        self._patience = patience
        self._requests: dict[str, str] = {}
        self._document: str | None = None
        self._hangs = False
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session: str = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def run(self) -> PageSeen:
        """Opens the page and watches it until all was seen or the time is over. Raises `NoBrowser`."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._ask(f"{domain}.enable")
        self._ask("Page.addScriptToEvaluateOnNewDocument", source=FIRST_PRICE)
        try:
            self._document = self._ask("Page.navigate", url=self._url).get("loaderId")
            if self._await_live():
                self._count_changes()
        except NoAnswer:
            self._hangs = True
            self.seen.link = self.seen.rows = None
            self._error("the page hangs: a script of it does not end")
        self._take_events()
        return self.seen

    def screenshot(self) -> bytes | None:
        """Returns the page from its top to its end, as PNG; None when the page hangs."""
        if self._hangs:
            return None
        size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], _HIGHEST), "scale": 1}
        shot = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        return self._browser.ask(method, self._session, **parameters)

    def _await_live(self) -> bool:
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            self._look()
            if self.seen.link == "live":
                return True
            self._browser.wait(LOOK_SECONDS)
        return False

    def _count_changes(self) -> None:
        began = time.monotonic()
        seen, before = self.seen, self._prices()
        seen.changes = 0
        while True:
            seen.watched_seconds = time.monotonic() - began
            complete = seen.changes >= CHANGES_WANTED and seen.card and seen.first_price_seconds is not None
            if seen.watched_seconds >= (LEAST_SECONDS if complete else self._patience):
                return
            self._browser.wait(LOOK_SECONDS)
            self._look()
            if (now := self._prices()) != before:
                seen.changes, before = seen.changes + 1, now

    def _prices(self) -> dict[str, tuple[str, str]]:
        return {row.symbol: (row.bid, row.ask) for row in self.seen.rows or () if row.live()}

    def _look(self) -> None:
        answer = self._ask("Runtime.evaluate", expression=LOOK)["result"].get("value")
        self._take_events()
        if self.seen.status is None or not isinstance(answer, str):
            return
        page = json.loads(answer)
        self.seen.title, self.seen.link, self.seen.card = page["title"], page["link"], page["card"]
        self.seen.rows = [PageRow(**row) for row in page["rows"]]
        if page["firstPriceMs"] is not None:
            self.seen.first_price_seconds = page["firstPriceMs"] / 1000

    def _take_events(self) -> None:
        for event in self._browser.events:
            if event.get("sessionId") == self._session and "method" in event:
                self._take(event["method"], event["params"])
        self._browser.events.clear()

    def _take(self, method: str, told: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self._requests[told["requestId"]] = urlsplit(told["request"]["url"]).path or told["request"]["url"]
        elif method == "Network.responseReceived":
            status = told["response"]["status"]
            if told["type"] == "Document" and told["loaderId"] == self._document:
                self.seen.status = status
            if status >= 400:
                self._failed(told["requestId"], f"status {status}")
        elif method == "Network.loadingFailed" and not told.get("canceled"):
            self._failed(told["requestId"], told.get("blockedReason") or told["errorText"])
        elif method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self._error(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self._error(" ".join(str(each.get("value", each.get("description"))) for each in told["args"]))
        # Of the network all is told above, with its request.
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error" and told["entry"]["source"] != "network":
            self._error(told["entry"]["text"])

    def _failed(self, request: str, reason: str) -> None:
        if len(self.seen.failed_requests) < _MOST_TOLD:
            self.seen.failed_requests.append(printable(f"{self._requests.get(request, 'a request')}: {reason}"))

    def _error(self, text: str) -> None:
        if len(self.seen.errors) < _MOST_TOLD:
            self.seen.errors.append(printable(text))
