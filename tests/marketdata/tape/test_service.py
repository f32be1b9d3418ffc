"""The tape as a part of the service: its settings, its metrics, and a feed that goes on without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.loop import Stop, Supervisor
from common.settings import SettingsError
from marketdata.app import create_app
from marketdata.parts import Parts
from marketdata.settings import ReplayClock, Settings, TapeSettings
from tests.common.local import http_server
from tests.marketdata.rig import rest_app, settings_for
from tests.marketdata.tape.recording import following, records
from tests.venue.btcturk.rig import running_venue
from tests.venue.rig import eventually

LONG = 60.0
NO_SHARES = {"SPARK_BIST_SYMBOLS": "none"}


@pytest.mark.slow
def test_the_metrics_count_every_link_from_the_start(tmp_path: Path) -> None:
    with running_venue() as venue, http_server(rest_app(venue)) as url:
        settings = settings_for(venue.url, url)
        with following(settings, tmp_path) as followed:
            eventually(lambda: not followed.parts.store.not_live(), LONG)
            http = create_app(settings, followed.parts).test_client()
            text = http.get("/metrics").text
            for line in (
                "marketdata_tape_on 1.0",
                "marketdata_tape_errors_total 0.0",
                'marketdata_tape_dropped_total{link="btcturk-socket"} 0.0',
                'marketdata_tape_dropped_total{link="api"} 0.0',
                'marketdata_tape_dropped_total{link="charts"} 0.0',
            ):
                assert f"\n{line}\n" in text
            eventually(lambda: "marketdata_tape_bytes 0.0" not in http.get("/metrics").text, LONG)
            assert 'marketdata_tape_frames_total{link="btcturk-socket"}' in http.get("/metrics").text
            assert http.get("/readyz").status_code == 200
            assert http.get("/v1/feeds").get_json()["tape"] == {"recording": True, "reason": "", "dropped": 0}
    assert records(tmp_path)


def test_without_the_tape_its_metrics_have_no_value() -> None:
    with running_venue() as venue, http_server(rest_app(venue)) as url:
        settings = settings_for(venue.url, url)
        with following(settings) as followed:
            http = create_app(settings, followed.parts).test_client()
            text, told = http.get("/metrics").text, http.get("/v1/feeds").get_json()
    assert told["tape"] is None
    assert [line for line in text.splitlines() if line.startswith("marketdata_tape")] == []


def test_a_tape_that_cannot_be_written_is_told_and_the_feed_goes_on(tmp_path: Path) -> None:
    (tmp_path / "tapes").write_text("a file in the way")
    with running_venue() as venue, http_server(rest_app(venue)) as url:
        settings = settings_for(venue.url, url)
        with following(settings, tmp_path / "tapes") as followed:
            http = create_app(settings, followed.parts).test_client()
            eventually(lambda: "\nmarketdata_tape_on 0.0\n" in http.get("/metrics").text, LONG)
            eventually(lambda: not followed.parts.store.not_live(), LONG)
            before = len(followed.books["BTCTURK:BTCTRY"])
            venue.move(1.0)
            eventually(lambda: len(followed.books["BTCTURK:BTCTRY"]) > before, LONG)
            told = http.get("/v1/feeds").get_json()
            assert [feed["state"] for feed in told["feeds"]] == ["live"]
            assert not told["tape"]["recording"]
            assert told["tape"]["reason"].startswith("FileExistsError: ")
            assert told["tape"]["dropped"] > 0
            text = http.get("/metrics").text
            assert "\nmarketdata_tape_errors_total 1.0\n" in text
            assert http.get("/readyz").status_code == 200


def test_the_settings_say_whether_and_where_it_records() -> None:
    assert Settings.from_environment(NO_SHARES).tape is None
    given = {**NO_SHARES, "SPARK_TAPE": "on", "SPARK_TAPE_MIB": "100", "SPARK_DATA_DIR": "/somewhere"}
    assert Settings.from_environment(given).tape == TapeSettings(Path("/somewhere/tapes"), 100 * 2**20)


def test_the_settings_of_a_replay_set_its_clock() -> None:
    assert Settings.from_environment(NO_SHARES).replay is None
    given = {**NO_SHARES, "SPARK_REPLAY_FROM": "1790000000.5", "SPARK_REPLAY_SPEED": "10"}
    assert Settings.from_environment(given).replay == ReplayClock(1_790_000_000.5, 10.0)


def test_a_replay_keeps_no_bars(tmp_path: Path) -> None:
    given = {**NO_SHARES, "SPARK_DATA_DIR": str(tmp_path)}
    kept = Parts.build(Settings.from_environment(given), Supervisor(Stop()))
    assert kept.keeper.on
    replayed = Parts.build(Settings.from_environment(given | {"SPARK_REPLAY_FROM": "1790000000.5"}), Supervisor(Stop()))
    assert not replayed.keeper.on
    assert [net.name for net in kept.venues[0].nets][-2:] == ["history", "bar_store"]
    assert [net.name for net in replayed.venues[0].nets][-1] == "history"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_TAPE", "yes"),
        ("SPARK_TAPE_MIB", "0"),
        ("SPARK_TAPE_MIB", "much"),
        ("SPARK_REPLAY_FROM", "-1"),
        ("SPARK_REPLAY_FROM", "yesterday"),
        ("SPARK_REPLAY_SPEED", "0"),
        ("SPARK_REPLAY_SPEED", "10000"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        Settings.from_environment({**NO_SHARES, name: value})
