"""A tape that is played gives the books that were published when it was recorded, again and again."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from common.clock import Clock
from common.tape import TapeFile
from marketdata.tape.folder import cut, tapes_in
from marketdata.venues.algolab.assembly import AlgolabTimings
from tests.common.local import http_server
from tests.marketdata.rig import rest_app, settings_for
from tests.marketdata.tape.recording import TIMINGS, following, records, with_bist
from tests.venue.algolab.rig import running_bist
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.replay.playing import playing
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

LONG = 60.0
SYMBOLS = ("BTCTURK:BTCTRY", "BTCTURK:ETHUSDT")
SHARES = ("BIST:THYAO", "BIST:GARAN")
STEPS = 30

Books = dict[str, list[bytes]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Books]:
    """A folder with a tape of some seconds, and the books that were published while it was recorded."""
    folder = tmp_path_factory.mktemp("tapes")
    with running_venue() as venue, http_server(rest_app(venue)) as url:  # noqa: SIM117 - the venue outlives the rest
        with following(settings_for(venue.url, url), folder) as followed:
            eventually(lambda: not followed.parts.store.not_live(), LONG)
            for _ in range(STEPS):
                before = _counts(followed.books)
                venue.move(1.0)
                eventually(lambda before=before: _both_moved(before, followed.books), LONG)  # type: ignore[misc]
    return folder, followed.books


def _both_moved(before: list[int], books: Books) -> bool:
    return all(new > old for old, new in zip(before, _counts(books), strict=True))


def _counts(books: Books) -> list[int]:
    return [len(books[symbol]) for symbol in SYMBOLS]


def replayed(path: Path, speed: float, count: int) -> Books:
    """Plays a tape to market data; gives the books that it publishes, once they are so many."""
    with playing(path, speed) as played, following(settings_for(played.url, played.rest_url)) as followed:
        eventually(lambda: sum(_counts(followed.books)) >= count, LONG)
    return followed.books


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_gaps_wrong_frames_and_a_new_socket_are_replayed_as_they_were(tmp_path: Path, speed: float) -> None:
    with running_venue() as venue, http_server(rest_app(venue)) as url:  # noqa: SIM117 - the venue outlives the rest
        with following(settings_for(venue.url, url), tmp_path) as followed:
            store, counters = followed.parts.store, followed.parts.venues[0].counters
            eventually(lambda: not store.not_live(), LONG)
            for fault in ("skip_cs", "crossed_book", "duplicate_frame", "close", "bad_level", "close"):
                done = venue.server.faults.done()[fault]
                venue.server.faults.arm(fault, pair="BTCTRY")
                eventually(lambda: _done(venue, fault) > done, LONG)  # noqa: B023 - it is waited for at once
                eventually(lambda: not store.not_live(), LONG)
                for _ in range(3):
                    before = _counts(followed.books)
                    venue.move(1.0)
                    eventually(lambda before=before: _both_moved(before, followed.books), LONG)  # type: ignore[misc]
            sockets = counters.attempts["open"]
            resyncs = sum(counters.resyncs.values())
    assert (sockets, resyncs >= 3) == (3, True)
    (path,) = tapes_in(tmp_path)
    for _ in range(2):
        assert replayed(path, speed, sum(_counts(followed.books))) == followed.books


def _done(venue: Venue, fault: str) -> int:
    """Moves the market on until the fault was done; returns how often it was."""
    venue.move(1.0)
    return venue.server.faults.done()[fault]


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_the_books_of_a_replay_are_those_of_the_recording_byte_for_byte_twice(
    recorded: tuple[Path, Books], speed: float
) -> None:
    folder, books = recorded
    (path,) = tapes_in(folder)
    count = sum(_counts(books))
    assert count > 2 * STEPS
    for _ in range(2):
        assert replayed(path, speed, count) == books


def test_a_cut_is_replayed_from_its_lead_on_with_the_same_books(recorded: tuple[Path, Books], tmp_path: Path) -> None:
    folder, books = recorded
    frames = [each.record.unix for each in records(folder) if each.record.kind == "in"]
    with (tmp_path / "cut.tape.gz").open("wb") as file:
        done = cut(folder, frames[len(frames) // 2], frames[-1] - 0.001, file)
    assert min(done.records, done.lead) > 10
    tape = TapeFile(tmp_path / "cut.tape.gz")
    assert tape.head.settings["SPARK_BTCTURK_PAIRS"] == "BTCTRY,ETHUSDT"
    kept = sum(len(each.payloads) for each in tape.records() if each.record.kind == "in")
    assert kept < sum(len(each.payloads) for each in records(folder) if each.record.kind == "in")
    again = replayed(tmp_path / "cut.tape.gz", 5.0, sum(_counts(books)) // 2 + 10)
    for symbol in SYMBOLS:
        assert again[symbol] == books[symbol][: len(again[symbol])]


def test_a_replay_of_shares_logs_in_with_our_own_credentials_and_ends_with_the_same_books(tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    with running_bist() as bist, running_venue() as venue, http_server(rest_app(venue)) as url:
        addresses = {"WS": bist.ws_url, "REST": bist.rest_url, "SMS": bist.sms_url}
        clock, more = Clock(time.monotonic, bist.clock), _bist(tmp_path, addresses)
        with following(settings_for(venue.url, url, **more), folder, clock) as followed:
            eventually(lambda: not followed.parts.store.not_live("BIST"), LONG)
            for _ in range(5):
                before = [followed.books[share][-1] for share in SHARES]
                bist.move(1.0)
                eventually(lambda before=before: before != [followed.books[s][-1] for s in SHARES], LONG)  # type: ignore[misc]
    (path,) = tapes_in(folder)
    last = [followed.books[share][-1] for share in SHARES]
    secrets = {name: value for name, value in more.items() if name.startswith("SPARK_ALGOLAB") and "_FILE" in name}
    with playing(path, more=secrets) as played:
        assert played.parts.algolab is not None
        address = f"ws://127.0.0.1:{played.parts.algolab.port}/api/ws"
        addresses = {"WS": address, "REST": played.rest_url, "SMS": f"{played.rest_url}/sim/sms"}
        more = _bist(tmp_path, addresses, SPARK_REPLAY_FROM=str(TapeFile(path).head.began))
        settings = settings_for(played.url, played.rest_url, **more)
        timings = replace(TIMINGS, algolab=replace(TIMINGS.algolab, calls=AlgolabTimings().calls))
        with following(settings, timings=timings) as again:
            eventually(lambda: [again.books[share][-1:] for share in SHARES] == [[book] for book in last], LONG)
            assert not again.parts.store.quote(SHARES[0]).delayed


def _bist(folder: Path, addresses: dict[str, str], **more: str) -> dict[str, str]:
    return with_bist(folder, **{f"SPARK_ALGOLAB_{name}_URL": address for name, address in addresses.items()}, **more)
