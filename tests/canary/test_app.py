"""The canary's HTTP answers and metrics, over a watch that looked at real servers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from canary.app import create_app, serve
from canary.evidence import EvidenceStore
from canary.memory import LastPass
from canary.metrics import ProbeDurations
from canary.parts import make_observer
from canary.settings import Settings
from canary.watch import Watch
from tests.canary.build import NOW, REAL_CLOCK
from tests.canary.packages import package
from tests.canary.servers import METRICS, Engine, Site, closed_port


class Canary:
    """An app with its parts, not started."""

    def __init__(self, folder: Path, site: Site, engine: Engine, **environment: str) -> None:
        self.settings = Settings.from_environment(canary_environment(folder, site, engine) | environment)
        durations = ProbeDurations(self.settings.targets)
        self.store = EvidenceStore(folder)
        observer = make_observer(self.settings, REAL_CLOCK, "host", durations.heard)
        self.watch = Watch(
            self.settings, observer=observer, evidence=self.store, last_pass=LastPass(folder), clock=REAL_CLOCK
        )
        app = create_app(self.settings, watch=self.watch, evidence=self.store, durations=durations)
        self.client: FlaskClient = app.test_client()

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
    canary.watch.run_once()
    status = canary.get("/v1/status")
    assert (status["market"], status["verdict"], status["reasons"]) == ("simulated", "PASS", [])
    assert status["checked_at"] == status["last_pass"]
    assert 0 < status["p95_seconds"] < 30
    assert status["samples"] >= 40
    assert status["metrics_bytes"] == {"web": len(METRICS), "marketdata": len(METRICS)}
    web = status["targets"][0]
    assert (web["target"], web["ok"], web["status"], web["reason"]) == ("web", True, 200, None)
    assert web["url"] == canary.settings.targets[0].url
    assert [one["check"] for one in web["checks"]] == ["healthz", "readyz", "metrics", "page"]
    assert {one["service"] for one in status["containers"]} == {"web", "marketdata", "canary"}
    assert {"state", "health", "restart_count", "exit_code", "name"} <= status["containers"][0].keys()
    assert all(one["outcome"] == "met" for one in status["conditions"])


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
    canary.watch.run_once()
    web, marketdata = canary.get("/v1/status")["targets"]
    assert (web["ok"], web["reason"]) == (False, "page: [STATUS] (500) == 200")
    assert marketdata["ok"]


def test_the_metrics_tell_the_verdict_and_what_it_rests_on(canary: Canary, engine: Engine) -> None:
    engine.containers[0]["RestartCount"] = 4
    engine.containers[1]["State"]["Status"] = "exited"
    canary.watch.run_once()
    metrics = canary.metrics()
    assert [metrics["canary_verdict", word] for word in ("PASS", "FAIL", "INCONCLUSIVE")] == [0, 1, 0]
    assert 0 < metrics["canary_p95_seconds",] < 30
    assert metrics["canary_p95_samples",] >= 40
    assert metrics["canary_metrics_bytes", "web"] == len(METRICS)
    assert metrics["canary_probe_success", "page", "web"] == 1
    assert metrics["canary_container_restarts", "web"] == 4
    assert metrics["canary_container_up", "marketdata"] == 0
    assert metrics["canary_last_pass_timestamp_seconds",] == 0
    assert abs(metrics["canary_last_check_timestamp_seconds",] - time.time()) < 60
    assert metrics["canary_loop_errors_total",] == 0
    assert metrics["canary_probe_duration_seconds_count", "web"] >= 20


def test_before_the_first_round_the_metrics_are_whole_and_name_no_value_that_is_not_known(canary: Canary) -> None:
    metrics = canary.metrics()
    assert metrics["canary_verdict", "INCONCLUSIVE"] == 1
    assert metrics["canary_p95_samples",] == 0
    assert ("canary_p95_seconds",) not in metrics
    assert metrics["canary_probe_duration_seconds_count", "marketdata"] == 0


def test_a_container_that_is_gone_leaves_no_series_behind(canary: Canary, engine: Engine) -> None:
    canary.watch.run_once()
    assert ("canary_container_up", "web") in canary.metrics()
    engine.containers.pop(0)
    canary.watch.run_once()
    assert ("canary_container_up", "web") not in canary.metrics()


def test_the_last_pass_is_a_metric_that_survives_a_restart(canary: Canary, site: Site, engine: Engine) -> None:
    canary.watch.run_once()
    before = canary.metrics()["canary_last_pass_timestamp_seconds",]
    assert before > 0
    again = Canary(canary.store.folder, site, engine)
    assert again.metrics()["canary_last_pass_timestamp_seconds",] == before


def test_evidence_is_listed_newest_first_and_comes_whole(canary: Canary) -> None:
    assert canary.get("/v1/evidence") == []
    name = canary.store.write(package(), "0.1.0", NOW).name
    canary.store.write(package(), "0.1.1", NOW)
    newest, oldest = canary.get("/v1/evidence")
    assert newest["name"] > oldest["name"] == name
    assert oldest == {"name": name, "size": len(package()), "created": "2026-11-22T12:00:00Z", "verdict": "FAIL"}
    answer = canary.client.get(f"/v1/evidence/{name}")
    assert (answer.status_code, answer.content_type, answer.data) == (200, "application/zip", package())
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
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
    ready = canary.get("/readyz")
    assert ready["parts"].keys() == {"loop", "evidence"}
    canary.store.folder = canary.store.folder / "none"
    answer = canary.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert "can't be written" in answer.json["parts"]["evidence"]["reason"]


def test_serve_starts_the_loop_and_reaches_a_pass_within_seconds(
    tmp_path: Path, site: Site, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = canary_environment(tmp_path, site, engine) | {"SPARK_PROBE_INTERVAL_SECONDS": "60"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = serve().test_client()
    deadline = time.monotonic() + 30
    verdict = None
    while time.monotonic() < deadline and verdict != "PASS":
        verdict = (client.get("/v1/status").json or {})["verdict"]
        time.sleep(0.02)
    assert verdict == "PASS"


def test_a_dead_engine_makes_the_status_inconclusive_and_containers_null(
    tmp_path: Path, site: Site, engine: Engine
) -> None:
    canary = Canary(tmp_path, site, engine, SPARK_DOCKER_URL=f"tcp://127.0.0.1:{closed_port()}")
    canary.watch.run_once()
    status = canary.get("/v1/status")
    assert (status["verdict"], status["containers"]) == ("INCONCLUSIVE", None)
    assert ("canary_container_up", "web") not in canary.metrics()
