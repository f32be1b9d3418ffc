"""A live Alertmanager with the stack's own configuration: what silences what, and what it must not silence."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.conftest import ROOT

DEADLINE_SECONDS = 20.0

Labels = tuple[tuple[str, str], ...]

DOWN = {"alertname": "TargetDown", "severity": "critical", "service": "executor", "instance": "executor-1:4001"}
STALE = {"alertname": "MarketDataStale", "severity": "critical", "service": "marketdata", "instance": "marketdata:5001"}
HALTED = {"alertname": "TradingHalted", "severity": "critical", "service": "executor", "state": "HALTED"}
REDUCING = {"alertname": "TradingReducing", "severity": "warning", "state": "REDUCING"}
NEAR = {"alertname": "LossLimitNear", "severity": "warning"}
FAILING = {"alertname": "MatcherFailing", "severity": "critical", "service": "executor"}
LOOP = {"alertname": "LoopFailing", "severity": "warning", "loop": "any"}
LEDGERLESS = {"alertname": "LedgerDown", "severity": "critical", "service": "ledgerless", "instance": "executor-3:4001"}
ALERTMANAGER_DOWN = {
    "alertname": "TargetDown",
    "severity": "critical",
    "service": "alertmanager",
    "instance": "alertmanager:9093",
}
FEED = {"severity": "warning", "service": "marketdata", "venue": "btcturk"}
OLD_BOOK = FEED | {"alertname": "BookStale", "instance": "marketdata-3:5001", "symbol": "X"}
DROPPED = FEED | {"alertname": "FramesDropped", "instance": "marketdata-2:5001"}
SLOW = {"alertname": "SlowCommits", "severity": "warning", "service": "slow-executor", "instance": "executor-4:4001"}
WAIT = {"alertname": "OrdersWait", "severity": "warning", "service": "slow-executor"}
UNWRITTEN = {"alertname": "EvidenceNotWritten", "severity": "warning", "service": "canary", "instance": "canary:6001"}
UNSURE = {"alertname": "CanaryInconclusive", "severity": "warning", "service": "canary"}
FAIL = {"alertname": "CanaryFailing", "severity": "critical", "service": "canary", "instance": "canary:6001"}
GONE = {"alertname": "ContainerDown", "severity": "warning", "service": "canary", "instance": "canary:6001"}
PROMETHEUS = {"service": "prometheus", "instance": "prometheus:9090"}
STORAGE = {"alertname": "PrometheusStorageFailing", "severity": "critical"} | PROMETHEUS
UNWRITABLE = {"alertname": "InboxNotWritable", "severity": "critical", "service": "web", "instance": "web:3003"}
SILENT = {"alertname": "AlertPathSilent", "severity": "critical", "service": "web", "instance": "web:3003"}
UNDELIVERED = {"alertname": "NotificationsFailing", "severity": "critical", "service": "alertmanager"} | {
    "instance": "alertmanager:9093"
}

DISK_FULL = {"alertname": "DiskFull", "severity": "critical", "service": "machine"}
KILLED = {"alertname": "MemoryKill", "severity": "warning", "service": "executor", "instance": "executor-4:4001"}
NEAR_MEMORY = {"alertname": "MemoryNearLimit", "severity": "warning", "service": "executor"}

FAST = {"alertname": "ErrorBudgetBurnsFast", "severity": "critical"}
SLOW_BURN = {"alertname": "ErrorBudgetBurnsSlowly", "severity": "warning"}
LATE = {"slo": "orders-latency", "service": "executor"}
FAILS = {"slo": "orders-availability", "service": "executor"}

ENDED = {"alertname": "RecentCause", "severity": "info"}
RECENT = [
    ENDED | {"cause": "TargetDown", "service": "ended-target", "instance": "ended-target:1"},
    ENDED | {"cause": "TargetDown", "service": "web", "instance": "web:3003"},
    ENDED | {"cause": "FastBurn", "service": "ended-burn"},
    ENDED | {"cause": "LedgerDown", "service": "ended-ledger", "instance": "ended-ledger:1"},
    ENDED | {"cause": "MarketDataStale", "service": "ended-feed", "instance": "ended-feed:1"},
    ENDED | {"cause": "BookStale", "service": "ended-book", "instance": "ended-book:1", "venue": "btcturk"},
    ENDED | {"cause": "ResyncStorm", "service": "ended-storm", "instance": "ended-storm:1", "venue": "btcturk"},
]
LEDGER_ENDED = {"service": "ended-ledger", "instance": "ended-ledger:1"}

ECHOES = [
    {"alertname": "HighErrorRate", "severity": "warning", "service": "ended-target"},
    {"alertname": "HighRequestLatency", "severity": "warning", "service": "ended-target"},
    {"alertname": "FastBurn", "severity": "critical", "service": "web"},
    FAST | {"slo": "page-latency", "service": "web"},
    {"alertname": "HighErrorRate", "severity": "warning", "service": "ended-burn"},
    {"alertname": "HighErrorRate", "severity": "warning", "service": "burning"},
    {"alertname": "HighRequestLatency", "severity": "warning", "service": "burning"},
    {"alertname": "HighErrorRate", "severity": "warning", "service": "ended-ledger"},
    {"alertname": "FastBurn", "severity": "critical", "service": "ended-ledger"},
    FAST | {"slo": "orders-availability", "service": "ended-ledger"},
    FAILING | LEDGER_ENDED,
    LOOP | LEDGER_ENDED,
    SLOW | LEDGER_ENDED,
    WAIT | LEDGER_ENDED,
    {"alertname": "HighRequestLatency", "severity": "warning", "service": "ended-ledger"},
    SLOW | {"service": "ledgerless", "instance": "executor-3:4001"},
    WAIT | {"service": "ledgerless", "instance": "executor-3:4001"},
    {"alertname": "HighRequestLatency", "severity": "warning", "service": "ledgerless"},
    LOOP | {"service": "ended-feed", "instance": "ended-feed:1"},
    FEED | {"alertname": "ReconnectStorm", "service": "ended-feed", "instance": "ended-feed:1"},
    FEED | {"alertname": "ResyncStorm", "service": "ended-feed", "instance": "ended-feed:1"},
    FEED | {"alertname": "ResyncStorm", "service": "ended-book", "instance": "ended-book:1"},
    FEED | {"alertname": "BookAuditMismatch", "service": "ended-book", "instance": "ended-book:1"},
    FEED | {"alertname": "BookContradicted", "service": "ended-storm", "instance": "ended-storm:1"},
    FEED | {"alertname": "BookContradicted", "instance": "marketdata-3:5001"},
    FAST | FAILS,
    SLOW_BURN | LATE,
    {"alertname": "FastBurn", "severity": "critical", "service": "executor"},
    SLOW | {"service": "executor"},
    WAIT | {"service": "executor", "instance": "executor-4:4001"},
    SLOW | {"alertname": "OrderStreamLate", "service": "executor"},
    UNWRITTEN,
    FEED | {"alertname": "ReconnectStorm", "instance": "marketdata:5001"},
    FEED | {"alertname": "ResyncStorm", "instance": "marketdata:5001"},
    FEED | {"alertname": "ResyncStorm", "instance": "marketdata-2:5001"},
    FEED | {"alertname": "ResyncStorm", "instance": "marketdata-3:5001"},
    FEED | {"alertname": "BookAuditMismatch", "instance": "marketdata-3:5001"},
    FEED | {"alertname": "FeedQueueGrowing", "instance": "marketdata-2:5001"},
    WAIT | {"instance": "executor-4:4001"},
    UNSURE | {"instance": "canary:6001"},
    FAIL,
    GONE | {"container": "postgres"},
    {"alertname": "AlertsNotSent", "severity": "critical"} | PROMETHEUS,
    {"alertname": "PrometheusWalGrowing", "severity": "warning"} | PROMETHEUS,
    {"alertname": "RuleEvaluationFailing", "severity": "critical", "rule_group": "any"} | PROMETHEUS,
    UNDELIVERED | {"integration": "webhook"},
    {"alertname": "InboxNotCompared", "severity": "warning", "service": "web", "instance": "web:3003"},
    {"alertname": "DiskNearlyFull", "severity": "warning", "service": "machine"},
    NEAR_MEMORY | {"instance": "executor-4:4001"},
    GONE | {"alertname": "ContainerUnhealthy", "container": "postgres"},
    UNWRITABLE,
    STORAGE,
    SILENT,
    {"alertname": "HighErrorRate", "severity": "warning", "service": "executor"},
    {"alertname": "HighRequestLatency", "severity": "warning", "service": "executor"},
    {"alertname": "AnyWarning", "severity": "warning", "service": "executor", "instance": "executor-1:4001"},
    {
        "alertname": "BookStale",
        "severity": "warning",
        "service": "marketdata",
        "instance": "marketdata:5001",
        "symbol": "X",
    },
    FAILING | {"instance": "executor-1:4001"},
    LOOP | {"service": "executor", "instance": "executor-1:4001"},
    LOOP | {"service": "ledgerless", "instance": "executor-3:4001"},
    LOOP | {"service": "marketdata", "instance": "marketdata:5001"},
    REDUCING | {"service": "executor"},
    NEAR | {"service": "executor", "code": "DAILY_LOSS"},
    NEAR | {"service": "executor", "code": "DRAWDOWN"},
    NEAR | {"service": "reducing", "code": "DAILY_LOSS"},
]
NEWS = [
    {"alertname": "FastBurn", "severity": "critical", "service": "burning"},
    *RECENT,
    DOWN | {"service": "ended-target", "instance": "ended-target:1"},
    OLD_BOOK | {"service": "ended-feed", "instance": "ended-feed:1"},
    FAST | {"slo": "orders-latency", "service": "ended-ledger"},
    LOOP | {"service": "ended-ledger", "instance": "ended-ledger:2"},
    {"alertname": "NobodyWrites", "severity": "critical", "service": "ended-ledger"},
    LOOP | {"service": "ended-book", "instance": "ended-book:1"},
    DOWN,
    ALERTMANAGER_DOWN,
    DROPPED,
    OLD_BOOK,
    FEED | {"alertname": "BookContradicted", "instance": "marketdata-3:5001", "venue": "bist"},
    FEED | {"alertname": "BookContradicted", "instance": "marketdata-4:5001"},
    FEED | {"alertname": "BookAuditMismatch", "instance": "marketdata-2:5001"},
    FEED | {"alertname": "BookAuditMismatch", "instance": "marketdata-3:5001", "venue": "bist"},
    SLOW,
    FAST | LATE,
    FAST | {"slo": "quotes-availability", "service": "marketdata"},
    SLOW_BURN | {"slo": "page-availability", "service": "web"},
    DISK_FULL,
    KILLED,
    NEAR_MEMORY | {"instance": "executor-2:4001"},
    GONE | {"alertname": "ContainerUnhealthy", "container": "grafana"},
    FEED | {"alertname": "ReconnectStorm", "instance": "marketdata-2:5001"},
    FEED | {"alertname": "FeedQueueGrowing", "instance": "marketdata:5001"},
    WAIT | {"instance": "executor-2:4001"},
    UNSURE | {"instance": "canary-2:6001"},
    GONE | {"container": "grafana"},
    UNDELIVERED | {"integration": "email"},
    STALE,
    LEDGERLESS,
    LOOP | {"service": "executor", "instance": "executor-2:4001"},
    LOOP | {"service": "canary", "instance": "canary:6001"},
    HALTED,
    FAILING | {"instance": "executor-2:4001"},
    REDUCING | {"service": "reducing"},
    NEAR | {"service": "reducing", "code": "DRAWDOWN"},
    NEAR | {"service": "active", "code": "DAILY_LOSS"},
    {"alertname": "SymbolKillSwitchEngaged", "severity": "warning", "service": "executor"},
    {"alertname": "EquityUnknown", "severity": "warning", "service": "executor"},
    {"alertname": "NobodyWrites", "severity": "critical", "service": "executor"},
    {"alertname": "AnyWarning", "severity": "warning", "service": "executor", "instance": "executor-2:4001"},
    {"alertname": "HighErrorRate", "severity": "warning", "service": "canary"},
    {"alertname": "KillSwitchEngaged", "severity": "warning", "service": "executor"},
    {"alertname": "LedgerDown", "severity": "critical", "service": "executor", "instance": "executor-1:4001"},
    {"alertname": "NoService", "severity": "warning"},
    {"alertname": "CanarySilent", "severity": "warning", "service": "canary", "instance": "canary:6001"},
    {"alertname": "Watchdog", "severity": "info", "service": "prometheus", "instance": "prometheus:9090"},
]


def _call(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=3) as answer:
        return json.loads(answer.read() or b"null")


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def _until_ready(base: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            _call(f"{base}/api/v2/status")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def alertmanager(alertmanager_image: str) -> Iterator[str]:
    container = _docker(
        *("run", "--detach", "--rm", "--publish=127.0.0.1::9093", f"--user={os.getuid()}:{os.getgid()}"),
        *(f"--volume={ROOT}/alertmanager:/etc/alertmanager:ro", "--tmpfs=/alertmanager:mode=1777"),
        *(alertmanager_image, "--config.file=/etc/alertmanager/alertmanager.yml"),
        *("--storage.path=/alertmanager", "--cluster.listen-address="),
    )
    try:
        base = "http://" + _docker("port", container, "9093/tcp").splitlines()[0]
        _until_ready(base)
        yield base
    finally:
        _docker("kill", container)


def _key(labels: dict[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


@pytest.fixture(scope="module")
def inhibited(alertmanager: str) -> dict[Labels, bool]:
    """For each alert that was posted, whether Alertmanager holds it back.

    It reads new alerts in its own time: both causes have been read when all their echoes are held back.
    """
    _call(f"{alertmanager}/api/v2/alerts", [{"labels": labels} for labels in [*ECHOES, *NEWS]])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        alerts = _call(f"{alertmanager}/api/v2/alerts")
        found = {_key(alert["labels"]): bool(alert["status"]["inhibitedBy"]) for alert in alerts}
        if all(found.get(_key(labels)) for labels in ECHOES) or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("labels", ECHOES, ids=lambda labels: f"{labels['alertname']}-{labels['service']}")
def test_an_echo_of_a_known_cause_is_held_back(labels: dict[str, str], inhibited: dict[Labels, bool]) -> None:
    assert inhibited[_key(labels)]


@pytest.mark.parametrize("labels", NEWS, ids=lambda labels: f"{labels['alertname']}-{labels.get('instance', 'any')}")
def test_what_has_another_cause_is_still_told(labels: dict[str, str], inhibited: dict[Labels, bool]) -> None:
    assert not inhibited[_key(labels)]
