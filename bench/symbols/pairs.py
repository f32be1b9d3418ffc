"""BTCTurk's frames for any number of pairs, at the peak rates that were seen on the wire on 2026-09-23.

All 379 pairs brought 351 changes of books a second at most, of 370 bytes on average. A pair's ticker came 79 times a
minute. Trades were too rare to be counted in a minute; here they come once in ten seconds of each pair.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence

PEAK = {"obdiff": 351 / 379, "ticker": 79 / 60, "trade": 0.1}
"""Frames of one pair in a second, by channel."""
ALL = "all"
FIRST_SEQUENCE = 10
LEVELS = 60


class Pairs:
    """Pairs whose books stand around 100 TRY. The amount of each best ask is the moment at which it was sent."""

    def __init__(self, count: int, told: Callable[[str], None]) -> None:
        """`told` is called with the moment that each change of a book carries."""
        self.names = tuple(f"P{number}TRY" for number in range(count))
        self._told = told
        self._amounts = dict.fromkeys(self.names, "1")
        self._sequences = dict.fromkeys(self.names, FIRST_SEQUENCE)
        self._joined: dict[str, list[str]] = {channel: [] for channel in PEAK}
        self._turns = dict.fromkeys(PEAK, 0)
        self._trades = 0

    def rates(self) -> Mapping[str, float]:
        """Returns how many frames come in a second of what was joined. All tickers in one frame come as one does."""
        return {channel: rate * len(self._joined[channel]) for channel, rate in PEAK.items()}

    def heard(self, text: bytes) -> Sequence[bytes]:
        """Returns the first data of what a client joins."""
        _, request = json.loads(text)
        pair, channel = request["event"].partition("_")[0], request["channel"]
        joined = self._joined.get(channel, [])
        if not request["join"]:
            joined.remove(pair)
            return []
        joined.append(pair)
        if channel == "ticker":
            return [self._tickers()] if pair == ALL else [self._ticker(pair)]
        if channel == "obdiff":
            return [self._book(pair)]
        if channel == "trade":
            return [_frame(421, f'"symbol":"{pair}","items":[]', channel, pair)]
        minute = int(time.time()) // 60 * 60
        bar = f'"D":{minute},"P":"{pair}","R":"1","O":"100","H":"100","L":"100","C":"100","V":"1"'
        return [_frame(428, bar, channel, request["event"])]

    def make(self, channel: str) -> bytes:
        """Returns the next frame of a channel; the pairs that were joined take turns."""
        joined = self._joined[channel]
        pair = joined[self._turns[channel] % len(joined)]
        self._turns[channel] += 1
        if pair == ALL:
            return self._tickers()
        makers = {"obdiff": self._change, "ticker": self._ticker, "trade": self._trade}
        return makers[channel](pair)

    def _book(self, pair: str) -> bytes:
        asks = ",".join(f'{{"A":"5","P":"{101 + place}"}}' for place in range(1, LEVELS))
        bids = ",".join(f'{{"A":"5","P":"{98 - place}"}}' for place in range(LEVELS - 1))
        best = f'{{"A":"{self._amounts[pair]}","P":"101"}}'
        sides = f'"AO":[{best},{asks}],"BO":[{{"A":"2","P":"99"}},{bids}]'
        return _frame(431, f'"CS":{self._sequences[pair]},"PS":"{pair}",{sides}', "obdiff", pair)

    def _change(self, pair: str) -> bytes:
        moment = time.monotonic_ns()
        amount = f"{moment // 10**9}.{moment % 10**9:09d}"
        self._amounts[pair] = amount
        self._sequences[pair] = sequence = self._sequences[pair] + 1
        self._told(amount)
        asks = f'{{"CP":0,"P":"101","A":"{amount}"}},{{"CP":0,"P":"{102 + sequence % 50}","A":"{amount}"}}'
        bids = ",".join(f'{{"CP":0,"P":"{98 - (sequence + 7 * place) % 50}","A":"{amount}"}}' for place in range(3))
        return _frame(432, f'"CS":{sequence},"PS":"{pair}","AO":[{asks}],"BO":[{bids}]', "obdiff", pair)

    def _item(self, pair: str) -> str:
        prices = f'"B":"99","A":"101","BA":"2","AA":"{self._amounts[pair]}","PS":"{pair}","H":"120","L":"80","LA":"100"'
        day = '"O":"100","V":"16.43392495","AV":"100.604090120000","D":"1","DP":"1.53"'
        return f'{prices},{day},"DS":"TRY","NS":"{pair[:-3]}","PId":19'

    def _ticker(self, pair: str) -> bytes:
        return _frame(402, self._item(pair), "ticker", pair)

    def _tickers(self) -> bytes:
        items = ",".join(f"{{{self._item(pair)}}}" for pair in self.names)
        return _frame(401, f'"items":[{items}]', "ticker", ALL)

    def _trade(self, pair: str) -> bytes:
        self._trades += 1
        named = f'"D":{int(time.time() * 1000)},"I":"{10**17 + self._trades}","PS":"{pair}"'
        return _frame(422, f'{named},"A":"0.01","P":"100","S":{self._trades % 2}', "trade", pair)


def _frame(kind: int, body: str, channel: str, event: str) -> bytes:
    return f'[{kind},{{{body},"channel":"{channel}","event":"{event}","type":{kind}}}]'.encode()
