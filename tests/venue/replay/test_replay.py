"""A tape that is played gives the books that were published when it was recorded, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.loop import Stop, Supervisor
from marketdata.settings import Settings
from marketdata.tape.folder import tapes_in
from tests.marketdata.rig import http_server, rest_app, settings_for
from tests.marketdata.tape.recording import Followed, following
from tests.venue.btcturk.rig import running_venue
from tests.venue.rig import eventually
from venue.app import create_app
from venue.parts import Parts as VenueParts
from venue.settings import Settings as VenueSettings

LONG = 60.0
SYMBOLS = ("BTCTURK:BTCTRY", "BTCTURK:ETHUSDT")
STEPS = 30

Books = dict[str, list[bytes]]


@contextmanager
def playing(path: Path, speed: float = 1.0) -> Iterator[Settings]:
    """A venue that plays a tape; gives the settings of market data that follows it."""
    ports = {"SPARK_VENUE_WS_HOST": "127.0.0.1", "SPARK_VENUE_WS_PORT": "0"}
    settings = VenueSettings.from_environment(
        {**ports, "SPARK_VENUE_TAPE": str(path), "SPARK_REPLAY_SPEED": str(speed)}
    )
    parts = VenueParts.build(settings, Supervisor(Stop()))
    parts.start()
    try:
        with http_server(create_app(settings, parts)) as url:
            yield settings_for(f"ws://127.0.0.1:{parts.btcturk.port}", url)
    finally:
        parts.stop()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Books]:
    """A tape of some seconds, and the books that were published while it was recorded."""
    folder = tmp_path_factory.mktemp("tapes")
    with running_venue() as venue, http_server(rest_app(venue)) as url:
        with following(settings_for(venue.url, url), folder) as followed:
            eventually(lambda: not followed.parts.store.not_live(), LONG)
            for _ in range(STEPS):
                before = _counts(followed)
                venue.move(1.0)
                eventually(lambda before=before: all(new > old for new, old in zip(_counts(followed), before)), LONG)
    (path,) = tapes_in(folder)
    return path, followed.books


def _counts(followed: Followed) -> list[int]:
    return [len(followed.books[symbol]) for symbol in SYMBOLS]


def replayed(path: Path, speed: float, books: Books) -> Books:
    """Plays a tape to market data; gives the books that it publishes."""
    with playing(path, speed) as settings, following(settings) as followed:
        eventually(lambda: _counts(followed) == [len(books[symbol]) for symbol in SYMBOLS], LONG)
    return followed.books


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_the_books_of_a_replay_are_those_of_the_recording_byte_for_byte_twice(
    recorded: tuple[Path, Books], speed: float
) -> None:
    path, books = recorded
    assert min(map(len, books.values())) > STEPS
    assert replayed(path, speed, books) == books
    assert replayed(path, speed, books) == books
