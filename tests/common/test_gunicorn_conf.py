"""The one server configuration, with a real server: it answers, logs JSON lines, and ends well when told to."""

import json
import signal
import time

import pytest
import urllib3

from tests.common.server import DEADLINE_SECONDS, get, gunicorn

pytestmark = pytest.mark.slow

LONG_GRACE_SECONDS = 20
"""A stream or an idle connection that the server waits for keeps it from ending for so long."""


def test_the_server_answers_logs_json_and_ends_with_0_on_sigterm() -> None:
    with gunicorn() as server:
        status, body = get(f"{server.address}/healthz")
        assert (status, json.loads(body)["status"]) == (200, "alive")
        assert b"process_start_time_seconds" in get(f"{server.address}/metrics")[1]
        assert server.terminate() == 0
    assert {(line["service"], line["replica"]) for line in server.lines} == {("tiny", "2")}
    assert {"time", "level", "logger", "event"} <= set(server.lines[0])


@pytest.mark.parametrize("size", [70_000, 1_000_000])
@pytest.mark.parametrize(("path", "status"), [("/body", 413), ("/healthz", 405), ("/none", 404)])
def test_a_refused_large_body_is_answered_and_its_sender_gets_the_answer(path: str, status: int, size: int) -> None:
    with gunicorn() as server, urllib3.PoolManager(num_pools=1, maxsize=1, retries=False) as client:
        assert client.request("POST", f"{server.address}{path}", body=b"x" * size).status == status
        assert client.request("GET", f"{server.address}/healthz").status == 200


def test_one_worker_with_threads_answers_everything() -> None:
    with gunicorn(ready=False) as server:
        server.event("Using worker: common.worker.RequestWorker")
        server.event("Booting worker")
        assert server.terminate() == 0
    assert len([line for line in server.lines if "Booting worker" in line["event"]]) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_an_open_stream_ends_well_and_at_once_when_the_server_is_told_to_stop(number: int) -> None:
    with (
        gunicorn(GUNICORN_CMD_ARGS=f"--graceful-timeout={LONG_GRACE_SECONDS}") as server,
        urllib3.PoolManager(retries=False) as client,
    ):
        stream = client.request("GET", f"{server.address}/stream", preload_content=False)
        idle = server.connect(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stream.read(10).startswith(b"event")
        began = time.monotonic()
        assert server.terminate(number) == 0
        assert time.monotonic() - began < LONG_GRACE_SECONDS / 2
        stream.read()  # raises unless the last chunk came: the stream was ended, not cut
        idle.close()


def test_a_worker_above_its_memory_bound_is_replaced_and_the_server_stays() -> None:
    with gunicorn(SPARK_RECYCLE_MIB="1", ready=False) as server:
        first = server.event(r"Booting worker with pid: (\d+)")[1]
        server.event("memory is watched, recycling above 1 MiB")
        assert server.event(r"Booting worker with pid: (\d+)")[1] != first
        assert server.terminate() == 0


def test_wrong_settings_of_the_server_end_the_start_and_are_told_by_name() -> None:
    with gunicorn(SPARK_THREADS="many", SPARK_LOG_LEVEL="loud", ready=False) as server:
        assert server.process.stdout is not None
        said = server.process.stdout.read()
        assert "SettingsError: SPARK_LOG_LEVEL='loud': must be one of DEBUG, INFO, WARNING, ERROR" in said
        assert "SPARK_THREADS='many': must be a whole number from 2 to 1000" in said
        assert server.process.wait(DEADLINE_SECONDS) == 1


def test_wrong_settings_end_the_start_at_once_with_a_line_for_each() -> None:
    with gunicorn(SPARK_MARKET="both", SPARK_RECYCLE_MIB="-1", ready=False) as server:
        server.event("a setting is wrong: SPARK_MARKET='both': must be one of simulated, live")
        server.event("a setting is wrong: SPARK_RECYCLE_MIB='-1': must be a whole number")
        assert server.process.wait(DEADLINE_SECONDS) != 0


def test_what_was_there_before_the_first_request_is_never_looked_through_by_the_garbage_collector() -> None:
    with gunicorn() as server:
        found = json.loads(get(f"{server.address}/process")[1])
    assert found["frozen"] > 10_000
    assert found["threshold"] == 10_000


def test_nobody_is_believed_who_says_that_he_speaks_for_another() -> None:
    with gunicorn() as server, urllib3.PoolManager(retries=False) as client:
        answer = client.request("GET", f"{server.address}/process", headers={"X-Forwarded-Proto": "https"})
        assert answer.json()["scheme"] == "http"
