"""The sockets of a replay: pace, requests, openings and their ends."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from common.settings import SettingsError
from tests.venue.replay.playing import Playing, call, event, playing, written
from tests.venue.rig import eventually
from venue.replay.connection import request_of
from venue.settings import Settings

pytestmark = pytest.mark.slow

LONG = 60.0
JOIN = b'[151,{"type":151,"channel":"obdiff","event":"BTCTRY","join":true}]'
LEAVE = JOIN.replace(b"true", b"false")
OTHER = JOIN.replace(b"BTCTRY", b"ETHTRY")


def opened(played: Playing) -> ClientConnection:
    return connect(played.url, compression=None, close_timeout=0.2)


def test_frames_come_in_order_and_at_the_recorded_pace_or_faster(tmp_path: Path) -> None:
    frames = [event(number * 0.25, "in", b"%d" % number, b"%d+" % number) for number in range(9)]
    path = written(tmp_path, event(0, "opened"), *frames)
    for speed in (1.0, 8.0):
        began = time.monotonic()
        with playing(path, speed) as played, opened(played) as socket:
            assert [socket.recv(LONG) for _ in range(18)] == [f"{n}{s}" for n in range(9) for s in ("", "+")]
            assert time.monotonic() - began >= 2.0 / speed, "never sooner than recorded"


def test_bytes_that_are_no_text_are_sent_as_they_came(tmp_path: Path) -> None:
    path = written(tmp_path, event(0, "opened"), event(0, "in", b"", b"\xff\x00\n", "ğ".encode()))
    with playing(path) as played, opened(played) as socket:
        assert [socket.recv(LONG, decode=False) for _ in range(3)] == [b"", b"\xff\x00\n", "ğ".encode()]


def test_an_answer_is_not_sent_before_its_request(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        event(0, "opened"),
        event(0, "in", b"welcome"),
        event(0.1, "out", JOIN),
        event(0.1, "out", OTHER),
        event(0.2, "in", b"book"),
        event(0.2, "out", LEAVE),
        event(0.2, "out", JOIN),
        event(0.3, "in", b"book again"),
    )
    with playing(path) as played, opened(played) as socket:
        assert socket.recv(LONG) == "welcome"
        with pytest.raises(TimeoutError):
            socket.recv(0.5)
        socket.send(json.dumps(json.loads(OTHER)))
        socket.send("no request")
        socket.send(json.dumps(json.loads(JOIN), indent=1))
        assert socket.recv(LONG) == "book"
        assert socket.recv(LONG) == "book again", "a leave and a second join are not waited for"


def test_a_request_that_the_client_does_not_make_is_not_waited_for_without_end(tmp_path: Path) -> None:
    path = written(tmp_path, event(0, "opened"), event(0, "out", JOIN), event(0, "out", OTHER), event(0, "in", b"book"))
    with playing(path) as played, opened(played) as socket:
        socket.send(OTHER.decode())
        assert socket.recv(LONG) == "book"


def test_each_new_socket_is_played_the_next_opening_and_the_last_one_stays_silent(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        event(0, "closed"),  # a dial that came to nothing
        event(1, "opened"),
        event(1, "in", b"first"),
        event(1.1, "closed"),
        event(1, "opened", link="algolab-socket"),
        event(1, "in", b"another link", link="algolab-socket"),
        event(300, "opened"),
        event(300, "in", b"second"),
        event(600, "opened"),  # the one before was cut off by a kill
        event(600, "heartbeat"),
        event(600, "in", b"third"),
        event(600.1, "closed"),
    )
    with playing(path) as played:
        for text in ("first", "second"):
            with opened(played) as socket:
                assert socket.recv(LONG) == text
                with pytest.raises(ConnectionClosed):
                    socket.recv(LONG)
        with opened(played) as socket:
            assert socket.recv(LONG) == "third"
            assert socket.ping().wait(LONG)
            with pytest.raises(TimeoutError):
                socket.recv(0.5)


def test_an_opening_that_was_not_played_to_its_end_is_played_again(tmp_path: Path) -> None:
    path = written(
        tmp_path, event(0, "opened"), event(0, "in", b"first"), event(3600, "in", b"late"), event(3601, "opened")
    )
    with playing(path) as played:
        for _ in range(3):
            with opened(played) as socket:
                assert socket.recv(LONG) == "first"


def test_a_tape_that_begins_in_the_middle_of_an_opening_begins_with_it(tmp_path: Path) -> None:
    path = written(tmp_path, event(0, "heartbeat"), event(0, "out", JOIN), event(0, "in", b"a"), event(0.1, "in", b"b"))
    with playing(path) as played, opened(played) as socket:
        assert [socket.recv(LONG) for _ in range(2)] == ["a", "b"]


def test_what_leads_in_is_played_without_a_pause(tmp_path: Path) -> None:
    lead = [event(second, "in", b"%d" % second) for second in range(0, 3600, 60)]
    path = written(tmp_path, event(0, "opened"), *lead, event(3600, "in", b"span"), lead_until=3600)
    with playing(path) as played, opened(played) as socket:
        assert [socket.recv(LONG) for _ in range(61)] == [*(str(second) for second in range(0, 3600, 60)), "span"]


def test_a_long_lead_comes_no_faster_than_marketdata_takes_it_and_the_span_keeps_its_pace(tmp_path: Path) -> None:
    lead = [event(0, "in", *(b"lead" for _ in range(100))) for _ in range(50)]
    path = written(
        tmp_path, event(0, "opened"), *lead, event(10, "in", b"span"), event(10.5, "in", b"end"), lead_until=10
    )
    began = time.monotonic()
    with playing(path) as played, opened(played) as socket:
        while socket.recv(LONG) == "lead":
            continue
        span = time.monotonic()
        assert span - began > 0.4
        assert socket.recv(LONG) == "end"
        assert time.monotonic() - began > 0.9


def test_a_client_that_asks_late_moves_all_that_follows(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        event(0, "opened"),
        event(0, "in", b"welcome"),
        event(0.1, "out", JOIN),
        event(0.2, "in", b"book"),
        event(0.8, "in", b"change"),
    )
    with playing(path) as played, opened(played) as socket:
        assert socket.recv(LONG) == "welcome"
        with pytest.raises(TimeoutError):
            socket.recv(1.0)
        asked = time.monotonic()
        socket.send(JOIN.decode())
        assert socket.recv(LONG) == "book"
        assert socket.recv(LONG) == "change"
        assert time.monotonic() - asked > 0.6


def test_a_tape_without_a_socket_leaves_it_silent(tmp_path: Path) -> None:
    with playing(written(tmp_path, call(0, "/x", b"{}"))) as played, opened(played) as socket:
        assert socket.ping().wait(LONG)
        with pytest.raises(TimeoutError):
            socket.recv(0.2)


def test_the_stop_ends_a_replay_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, event(0, "opened"), event(0, "in", b"a"), event(3600, "in", b"b"))
    with playing(path) as played, opened(played) as socket:
        assert socket.recv(LONG) == "a"
        played.parts.stop()
        with pytest.raises(ConnectionClosed):
            socket.recv(LONG)
        eventually(lambda: not any(health.alive for health in played.parts.loops.health()), LONG)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ('{"Type":"T","Token":"a","Symbols":["X"]}', '{"Symbols": ["X"], "Type": "T"}'),
        ('{"token":"b","Symbols":["X"],"Type":"T"}', '{"Symbols": ["X"], "Type": "T"}'),
        ('{"Type":"H","Token":"a"}', ""),
        (LEAVE, ""),
        ("[151]", ""),
        ("[151,7]", ""),
        ("null", ""),
        ("nonsense", ""),
        (b"\xff", ""),
        ("[" * 100_000, ""),
    ],
)
def test_a_request_is_known_again_whatever_its_spelling_and_token(text: str | bytes, request_: str) -> None:
    assert request_of(text) == request_


@pytest.mark.parametrize(
    ("name", "value"),
    [("SPARK_VENUE_TAPE", "/nowhere/one.tape.gz"), ("SPARK_VENUE_TAPE", __file__), ("SPARK_REPLAY_SPEED", "0")],
)
def test_a_wrong_setting_is_told(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}="):
        Settings.from_environment({name: value})
