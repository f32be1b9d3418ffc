"""After `make up` every address answers, every target is scraped, and a second `make up` changes nothing."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.stack.stack import FLASK_SERVICES, ROOT, Stack
from tests.yaml_file import parsed

JOBS = parsed(ROOT / "prometheus/prometheus.yml")["scrape_configs"]
TARGETS = sum(len(group["targets"]) for job in JOBS for group in job["static_configs"])


@pytest.mark.parametrize("service", FLASK_SERVICES)
def test_every_service_answers_healthz_and_names_its_market(healthy: Stack, service: str) -> None:
    answer = healthy.ask("GET", service, "/healthz")
    assert answer.status == 200
    assert answer.json["status"] == "alive"
    assert answer.json["market"] == answer.headers["X-Spark-Market"] == "simulated"


@pytest.mark.parametrize("service", FLASK_SERVICES)
def test_every_service_is_ready_with_each_of_its_parts(healthy: Stack, service: str) -> None:
    parts = healthy.get(service, "/readyz")["parts"]
    assert all(part["ready"] for part in parts.values()), parts


@pytest.mark.parametrize("service", FLASK_SERVICES)
def test_promtool_accepts_every_services_metrics(healthy: Stack, service: str) -> None:
    metrics = healthy.ask("GET", service, "/metrics")
    assert metrics.status == 200
    assert b"spark_build_info{" in metrics.body
    assert b"process_resident_memory_bytes" in metrics.body
    checked = subprocess.run(
        [
            "docker",
            "run",
            "--rm",
            "-i",
            "--network=none",
            "--entrypoint=/bin/promtool",
            healthy.container("prometheus")["Config"]["Image"],
            "check",
            "metrics",
        ],
        input=metrics.body,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_prometheus_sees_every_target_up(healthy: Stack) -> None:
    def all_up() -> bool:
        targets = healthy.get("prometheus", "/api/v1/targets")["data"]["activeTargets"]
        return len(targets) == TARGETS and all(target["health"] == "up" for target in targets)

    healthy.wait(all_up, 60, lambda: json.dumps(healthy.get("prometheus", "/api/v1/targets"))[:2000])


def test_alertmanager_is_ready(healthy: Stack) -> None:
    assert healthy.ask("GET", "alertmanager", "/-/ready").status == 200


def test_a_second_make_up_changes_nothing(healthy: Stack) -> None:
    before = {service: healthy.container(service)["Id"] for service in healthy.running_services()}
    started = {service: healthy.container(service)["State"]["StartedAt"] for service in before}
    printed = healthy.run("make", "up").stdout
    assert {service: healthy.container(service)["Id"] for service in before} == before
    assert {service: healthy.container(service)["State"]["StartedAt"] for service in before} == started
    assert "SIMULATED" in printed
    assert healthy.url("web", "/") in printed


def test_make_status_shows_the_verdict_and_make_secrets_the_token(healthy: Stack) -> None:
    assert "PASS" in healthy.run("make", "status").stdout
    assert healthy.operator_token in healthy.run("make", "secrets").stdout


def test_no_secret_is_in_any_containers_environment_or_log(healthy: Stack) -> None:
    token = healthy.operator_token
    password = healthy.compose("exec", "-T", "executor-1", "cat", "/run/secrets/spark-ledger-executor/password").strip()
    assert len(token) >= 32
    assert len(password) >= 32
    healthy.order("executor-1", "log-check")
    for service in healthy.running_services():
        environment = json.dumps(healthy.container(service)["Config"])
        assert token not in environment
        assert password not in environment
    logs = healthy.compose("logs", "--no-color")
    assert token not in logs
    assert password not in logs
