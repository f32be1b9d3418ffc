"""Every command that a runbook or a README tells to type does what it says, as it is typed there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stack.stack import FLASK_SERVICES, PORTS, ROOT, Stack

RUNBOOKS = tuple(sorted(str(page.relative_to(ROOT)) for page in (ROOT / "prometheus").glob("runbook*.md")))
# They change something, so they run one after the other, or a test of their own tries them.
CHANGES = re.compile(r"^(make|scripts/curl\.sh|docker compose (up|restart))\b|pg_terminate_backend")
ELSEWHERE = re.compile(
    r"^(timedatectl$"  # the host's own, and not every host has systemd
    r"|make evidence$"  # test_evidence.py
    r"|echo \| openssl |make tls CERT=)"  # they need TLS and a certificate: tests/gateway/test_openness.py
)
# A grep of a log finds nothing while all is well.
MAY_FIND_NOTHING = re.compile(r"^docker compose logs .*\| grep ")


def commands(page: str) -> list[str]:
    """The indented lines of a page, each once."""
    lines = re.findall(r"^    (\S.*)$", (ROOT / page).read_text(), re.MULTILINE)
    return list(dict.fromkeys(lines))


def readings(page: str) -> list[str]:
    return [each for each in commands(page) if not CHANGES.search(each) and not ELSEWHERE.search(each)]


def changes(page: str) -> list[str]:
    return [each for each in commands(page) if CHANGES.search(each) and not ELSEWHERE.search(each)]


@pytest.fixture
def typed(stack: Stack, tmp_path: Path) -> Callable[[str], str]:
    """Runs a command in the repository's folder as a person's shell would; returns what went wrong, or nothing.

    A curl that is answered with an error counts as failed, and the default ports are those of this stack.
    """
    (tmp_path / ".curlrc").write_text("fail-with-body\n")
    ports = {str(inside): stack.url(name).rpartition(":")[2] for name, inside in PORTS.items() if name != "grafana"}

    def run(command: str) -> str:
        line = re.sub(r"127\.0\.0\.1:(\d+)", lambda found: f"127.0.0.1:{ports[found[1]]}", command)
        done = stack.run("env", f"CURL_HOME={tmp_path}", "bash", "-o", "pipefail", "-c", line, check=False, timeout=120)
        if done.returncode == 0 or (done.returncode == 1 and MAY_FIND_NOTHING.search(command) and not done.stderr):
            return ""
        return f"{command}\n    exit {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"

    return run


def filled_in(line: str, **values: str) -> str:
    """The line with its <placeholders> replaced as its reader would."""
    values = {
        "container": "web",
        "port": "3003",
        "holder": "executor-1",
        "symbol": "BTCTURK:BTCTRY",
        "your key": str(uuid.uuid4()),
        "why": "tried",
        "who decided": "tried",
        "your name": "a test",
        "what you do": "tried",
        "cause, and who decided": "tried",
    } | values
    return re.sub(r"<([a-z][a-z_ ,]*)>", lambda found: values[found[1]], line)


@pytest.mark.parametrize("page", RUNBOOKS)
def test_each_first_look_of_a_runbook_answers(healthy: Stack, typed: Callable[[str], str], page: str) -> None:
    asked = [filled_in(each) for each in readings(page)]
    assert len(asked) > 10
    with ThreadPoolExecutor(3) as several:
        assert [each for each in several.map(typed, asked) if each] == []


def firing_alert(stack: Stack) -> str:
    """Tells Alertmanager of an alert, which ends by itself in ten minutes; returns its fingerprint in the inbox."""
    now = datetime.now(UTC)
    labels = {"alertname": f"Tried{uuid.uuid4().hex[:8]}", "severity": "warning", "service": "web"}
    times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(minutes=10)).isoformat()}
    told = [{"labels": labels, **times}]
    answer = stack.ask("POST", "alertmanager", "/api/v2/alerts", body=told, token=stack.operator_token)
    assert answer.status == 200, answer.body
    found: list[str] = []

    def listed() -> bool:
        rows = stack.get("web", "/api/alerts?limit=1000")["alerts"]
        found.extend(row["fingerprint"] for row in rows if row["name"] == labels["alertname"])
        return bool(found)

    stack.wait(listed, 60, "the alert in the inbox")
    return found[0]


def test_each_step_of_a_runbook_does_what_it_says(healthy: Stack, typed: Callable[[str], str]) -> None:
    assert healthy.order("executor-1", str(uuid.uuid4())).json["status"] == "filled"
    resting = healthy.order("executor-1", str(uuid.uuid4()), type="limit", limit_price="3000000", time_in_force="GTC")
    assert resting.json["status"] == "accepted", resting.body
    leases = "SELECT backend FROM leases WHERE account = 'paper'"
    fingerprint = firing_alert(healthy)
    backend = healthy.compose("exec", "-T", "postgres", "psql", "-U", "spark", "-Atc", leases).strip()
    steps = [each for page in RUNBOOKS for each in changes(page)]
    assert len(steps) > 15
    try:
        for step in steps:
            line = filled_in(step, order_id=resting.json["order_id"], backend=backend, fingerprint=fingerprint)
            assert typed(line) == ""
            if line.startswith("docker"):
                for service in FLASK_SERVICES:
                    healthy.wait_ready(service)
        assert healthy.get("executor-1", "/v1/trading-state")["state"] == "REDUCING"
        assert set(healthy.get("executor-1", "/v1/kill-switch")["switches"]) == {"all"}
    finally:
        over = {"reason": "the test is over"}
        for scope in healthy.get("executor-1", "/v1/kill-switch")["switches"]:
            _put(healthy, "kill-switch", {"engaged": False, "scope": scope, **over})
        _put(healthy, "trading-state", {"state": "ACTIVE", **over})


def _put(stack: Stack, control: str, body: dict[str, object]) -> None:
    assert stack.ask("PUT", "executor-1", f"/v1/{control}", body=body, token=stack.operator_token).status == 200
