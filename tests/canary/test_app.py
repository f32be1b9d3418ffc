"""The canary's HTTP answers and metrics, after rounds over real servers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from canary.app import create_app
from canary.archive import zip_of
from canary.memory import LastPass
from canary.parts import Parts
from canary.settings import Settings
from common.loop import Stop, Supervisor
from tests.canary.build import NOW
from tests.canary.keys import key_file
from tests.canary.packages import draft, files
from tests.canary.servers import METRICS, Engine, Site, closed_port
from tests.common.routes import check_queries


class Canary:
    """An app with its parts; nothing is started, and a test runs the rounds."""

    def __init__(self, folder: Path, site: Site, engine: Engine, **environment: str) -> None:
        self.settings = Settings.from_environment(canary_environment(folder, site, engine) | environment)
        self.parts = Parts.build(self.settings, Supervisor(Stop()))
        self.store, self.monitor = self.parts.evidence, self.parts.monitor
        self.client: FlaskClient = create_app(self.settings, self.parts).test_client()

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.data
        return answer.json

    def metrics(self) -> dict[tuple[str, ...], float]:
        text = self.client.get("/metrics").text
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def canary_environment(folder: Path, site: Site, engine: Engine) -> dict[str, str]:
    return {
        "SPARK_EVIDENCE_DIR": str(folder),
        "SPARK_EVIDENCE_KEY_FILE": str(key_file(folder)),
        "SPARK_PROBE_TARGETS": f"web={site.url},marketdata={site.url}",
        "SPARK_PROBE_TIMEOUT_SECONDS": "10",
        "SPARK_P95_LIMIT_SECONDS": "30",
        "SPARK_DOCKER_URL": engine.url.replace("http", "tcp"),
        "SPARK_COMPOSE_PROJECT": "spark",
    }


@pytest.fixture
def canary(tmp_path: Path, site: Site, engine: Engine) -> Canary:
    return Canary(tmp_path, site, engine)


def test_the_status_has_all_that_the_console_shows(canary: Canary) -> None:
    canary.monitor.run_round()
    status = canary.get("/v1/status")
    assert (status["market"], status["verdict"], status["reasons"]) == ("simulated", "PASS", [])
    assert status["checked_at"] == status["last_pass"]
    assert 0 < status["p95_seconds"] < 30
    assert status["samples"] >= 40
    assert status["metrics_bytes"] == {"web": len(METRICS), "marketdata": len(METRICS)}
    web = status["targets"][0]
    assert (web["target"], web["ok"], web["status"], web["reason"]) == ("web", True, 200, None)
    assert web["url"] == (canary.settings.addresses or {})["web"]
    checks = [one["check"] for one in web["checks"]]
    assert checks[:5] == ["healthz", "readyz", "metrics", "page", "assets"]
    assert checks[-3:] == ["latency", "container", "memory"]
    assert {one["service"] for one in status["containers"]} == {"web", "marketdata", "canary"}
    assert {"state", "health", "restart_count", "exit_code", "name"} <= status["containers"][0].keys()
    assert all(one["outcome"] == "met" or one["tolerated"] for one in status["conditions"])


def test_before_the_first_round_the_status_says_so(canary: Canary) -> None:
    status = canary.get("/v1/status")
    assert status["verdict"] == "INCONCLUSIVE"
    assert (status["targets"], status["containers"], status["checked_at"], status["p95_seconds"]) == (
        [],
        None,
        None,
        None,
    )


def test_a_target_shows_the_first_thing_that_is_wrong_with_it(canary: Canary, site: Site) -> None:
    site.routes["/"] = (500, "text/html", b"")
    canary.monitor.run_round()
    web, marketdata = canary.get("/v1/status")["targets"]
    assert (web["ok"], web["reason"]) == (False, "page: [STATUS] (500) == 200")
    assert marketdata["ok"]


def test_the_metrics_tell_the_verdict_and_what_it_rests_on(canary: Canary, engine: Engine) -> None:
    engine.containers[0]["RestartCount"] = 4
    engine.containers[1]["State"]["Status"] = "exited"
    engine.containers[1]["State"]["Health"] = {"Status": "unhealthy"}
    canary.monitor.run_round()
    metrics = canary.metrics()
    assert [metrics["canary_verdict", word] for word in ("PASS", "FAIL", "INCONCLUSIVE")] == [0, 1, 0]
    assert 0 < metrics["canary_p95_seconds",] < 30
    assert metrics["canary_p95_samples",] >= 40
    assert metrics["canary_metrics_bytes", "web"] == len(METRICS)
    assert metrics["canary_probe_success", "page", "web"] == 1
    assert metrics["canary_container_restarts", "web"] == 4
    assert metrics["canary_container_up", "marketdata"] == 0
    assert [metrics["canary_container_healthy", name] for name in ("web", "marketdata")] == [1, 0]
    assert metrics["canary_restart_budget",] == canary.settings.limits.restart_budget
    assert 0 < metrics["spark_data_free_bytes",] <= metrics["spark_data_size_bytes",]
    assert metrics["canary_last_pass_timestamp_seconds",] == 0
    assert abs(metrics["canary_last_check_timestamp_seconds",] - time.time()) < 60
    assert metrics["spark_loop_failures_total", "rounds"] == 0
    assert metrics["canary_probe_duration_seconds_count", "web"] >= 20


def test_before_the_first_round_the_metrics_are_whole_and_name_no_value_that_is_not_known(canary: Canary) -> None:
    metrics = canary.metrics()
    assert metrics["canary_verdict", "INCONCLUSIVE"] == 1
    assert metrics["canary_p95_samples",] == 0
    assert ("canary_p95_seconds",) not in metrics
    assert metrics["canary_probe_duration_seconds_count", "marketdata"] == 0


def test_a_container_that_is_gone_leaves_no_series_behind(canary: Canary, engine: Engine) -> None:
    canary.monitor.run_round()
    assert ("canary_container_up", "web") in canary.metrics()
    engine.containers.pop(0)
    canary.monitor.run_round()
    assert ("canary_container_up", "web") not in canary.metrics()


def test_the_last_pass_is_a_metric_that_survives_a_restart(canary: Canary, site: Site, engine: Engine) -> None:
    canary.monitor.run_round()
    before = canary.metrics()["canary_last_pass_timestamp_seconds",]
    assert before > 0
    again = Canary(canary.store.folder, site, engine)
    assert again.metrics()["canary_last_pass_timestamp_seconds",] == before


def test_evidence_is_listed_newest_first_with_its_check_and_comes_whole(canary: Canary) -> None:
    assert canary.get("/v1/evidence") == []
    path = canary.store.write(draft(), NOW)
    (canary.store.folder / "canary_0.1.1_20261122T120000Z.zip").write_bytes(zip_of(files()))
    unsigned, oldest = canary.get("/v1/evidence")
    assert (unsigned["sequence"], unsigned["verified"]) == (None, "unsigned")
    size, content = path.stat().st_size, path.read_bytes()
    assert oldest == {
        "name": path.name,
        "size": size,
        "created": "2026-11-22T12:00:00Z",
        "verdict": "FAIL",
        "sequence": 1,
        "verified": "whole",
        "fault": None,
    }
    answer = canary.client.get(f"/v1/evidence/{path.name}")
    assert (answer.status_code, answer.content_type, answer.data) == (200, "application/zip", content)
    assert answer.headers["Content-Disposition"] == f"attachment; filename={path.name}"
    assert answer.headers["Spark-Verified"] == "whole"
    answer.close()


def test_a_package_that_was_touched_is_listed_and_sent_as_faulty(canary: Canary) -> None:
    path = canary.store.write(draft(), NOW)
    content = path.read_bytes().replace(b"connection refused", b"connection Refused")
    path.unlink()
    path.write_bytes(content)
    (listed,) = canary.get("/v1/evidence")
    assert (listed["sequence"], listed["verified"]) == (1, "faulty")
    assert "checksum" in listed["fault"]
    answer = canary.client.get(f"/v1/evidence/{path.name}")
    assert answer.headers["Spark-Verified"] == "faulty"
    answer.close()


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../canary_state",
        "..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "none.zip",
        "canary_0.1.0_20261122T120000Z.zip",
        "canary_0.1.0_20261122T120000Z.zip%00",
        "%00",
        "",
        "%20",
        "%F0%9F%90%A4.zip",
        "%ff%fe",
        ".canary-state.json",
        "x" * 3000,
    ],
)
def test_a_bad_or_unknown_name_is_a_4xx_in_the_one_error_shape(canary: Canary, name: str) -> None:
    LastPass(canary.store.folder).write(NOW)
    answer = canary.client.get(f"/v1/evidence/{name}")
    assert 400 <= answer.status_code < 500
    assert answer.json is not None
    assert answer.json["error"]["code"] in ("INVALID_REQUEST", "NOT_FOUND")


def test_the_canary_is_ready_while_its_loop_and_its_folder_are_well(canary: Canary) -> None:
    assert "the loop rounds does not run" in _unready(canary)["loops"]["reason"]
    canary.parts.start()
    try:
        assert canary.get("/readyz")["parts"].keys() == {"loops", "evidence"}
        canary.store.folder = canary.store.folder / "none"
        assert "can't be written" in _unready(canary)["evidence"]["reason"]
    finally:
        canary.parts.stop()


def _unready(canary: Canary) -> Any:
    answer = canary.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    return answer.json["parts"]


@pytest.mark.parametrize("path", ["/v1/status?full=1", "/v1/evidence?limit=3", "/v1/evidence/canary.zip?x="])
def test_a_query_parameter_that_no_call_takes_is_refused_by_name(canary: Canary, path: str) -> None:
    answer = canary.client.get(path)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["details"]["field"] == path.partition("?")[2].partition("=")[0]


def test_strangers_can_not_choose_a_label_of_a_metric(canary: Canary) -> None:
    for number in range(40):
        canary.client.open(f"/v1/none-{number}", method=f"MADE-UP-{number}", headers={"User-Agent": f"me-{number}"})
        canary.client.get(f"/v1/evidence/canary_{number}_20261122T120000Z.zip")
    text = canary.client.get("/metrics").text
    assert "MADE-UP" not in text
    assert "none-" not in text
    assert "canary_7_" not in text


def test_the_loop_reaches_a_pass_within_seconds(tmp_path: Path, site: Site, engine: Engine) -> None:
    canary = Canary(tmp_path, site, engine, SPARK_PROBE_INTERVAL_SECONDS="60")
    canary.parts.start()
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and canary.get("/v1/status")["verdict"] != "PASS":
            time.sleep(0.02)
        assert canary.get("/v1/status")["verdict"] == "PASS"
    finally:
        canary.parts.stop()


def test_a_dead_engine_makes_the_status_inconclusive_and_containers_null(
    tmp_path: Path, site: Site, engine: Engine
) -> None:
    canary = Canary(tmp_path, site, engine, SPARK_DOCKER_URL=f"tcp://127.0.0.1:{closed_port()}")
    canary.monitor.run_round()
    status = canary.get("/v1/status")
    assert (status["verdict"], status["containers"]) == ("INCONCLUSIVE", None)
    assert ("canary_container_up", "web") not in canary.metrics()


def test_every_call_refuses_parameters_that_it_does_not_take(canary: Canary) -> None:
    check_queries(canary.client.application)
