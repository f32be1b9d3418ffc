"""The canary on a real stack: probes that a user adds, how soon a fault is told, and the proof in its packages."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.stack import ROOT, Stack

PROBES = ROOT / "canary" / "config" / "probes.toml"
MINE = """
[[probe]]
name = "mine"
targets = ["web"]
path = "/healthz"
conditions = ['[STATUS] == 204']
cannot = "A user can't do what this test needs."
look = "this test"
runbook = "TargetDown"
"""


def seconds_until(stack: Stack, holds: Callable[[dict[str, Any]], bool], limit: float) -> float:
    """The seconds until the canary's status is as a test wants it."""
    began = time.monotonic()
    while not holds(status := stack.get("canary", "/v1/status")):
        waited = time.monotonic() - began
        assert waited < limit, f"not within {limit} s; the verdict is {status['verdict']}: {status['reasons'][:5]}"
        time.sleep(0.1)
    return time.monotonic() - began


def verdict(word: str) -> Callable[[dict[str, Any]], bool]:
    return lambda status: bool(status["verdict"] == word)


@pytest.fixture
def probes() -> Iterator[Path]:
    """The file of probes of this checkout, as it was before when the test ends."""
    before = PROBES.read_bytes()
    yield PROBES
    PROBES.write_bytes(before)


def test_a_probe_that_a_user_adds_counts_without_a_rebuild_and_one_with_a_fault_is_told(
    healthy: Stack, probes: Path
) -> None:
    started = healthy.container("canary")["State"]["StartedAt"]
    own = probes.read_text()
    probes.write_text(own + MINE)
    seconds_until(healthy, lambda status: "web mine: [STATUS] (200) == 204" in status["reasons"], 30)
    (fault,) = healthy.get("canary", "/v1/status")["faults"]
    assert (fault["cannot"], fault["runbook"]) == ("A user can't do what this test needs.", "TargetDown")
    probes.write_text(own + MINE.replace("204", "never"))
    seconds_until(healthy, lambda status: any("probes.toml has 1 faults" in one for one in status["reasons"]), 30)
    probes.write_text(own)
    seconds_until(healthy, verdict("PASS"), 30)
    assert healthy.container("canary")["State"]["StartedAt"] == started


ASK = """
import pathlib, sys, urllib.error, urllib.request
host, method, path, body, token = sys.argv[1:]
key = token or pathlib.Path("/run/secrets/spark-canary-trader/token").read_text().strip()
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
asked = urllib.request.Request(f"http://{host}:4001{path}", body.encode(), headers, method=method)
try:
    print(urllib.request.urlopen(asked, timeout=10).status)
except urllib.error.HTTPError as refused:
    print(refused.code)
"""
SWITCH = '{"engaged": %s, "reason": "a test of the round trip"%s}'
ORDER = '{"client_order_id": "x", "symbol": "BTCTURK:BTCTRY", "side": "buy", "type": "market", "quantity": "0.0001"}'


def asked_inside(stack: Stack, host: str, method: str, path: str, body: str, token: str = "") -> int:
    """The status of a call from the canary's container, with the canary's own key unless a token is given."""
    return int(stack.compose("exec", "-T", "canary", "python", "-c", ASK, host, method, path, body, token))


def test_the_canarys_key_and_the_operators_token_are_taken_each_at_its_own_executors_alone(healthy: Stack) -> None:
    for host in ("executor-1", "executor-2"):
        assert asked_inside(healthy, host, "POST", "/v1/orders", ORDER) == 401
    assert asked_inside(healthy, "executor-canary", "POST", "/v1/orders", ORDER, healthy.operator_token) == 401
    assert (
        asked_inside(healthy, "executor-canary", "PUT", "/v1/kill-switch", SWITCH % ("true", ', "scope": "all"')) == 422
    )
    assert healthy.get("executor-1", "/v1/kill-switch")["engaged"] is False


def order_check(status: dict[str, Any]) -> dict[str, str]:
    """The conditions of the order's round trip, with their outcomes."""
    return {one["text"]: one["outcome"] for one in status["conditions"] if one["about"] == "executor-canary order"}


def test_an_order_goes_round_and_a_kill_switch_of_its_account_is_a_fail_that_says_so_until_it_is_released(
    healthy: Stack, probes: Path
) -> None:
    own = probes.read_text()
    assert own.count('every = "60s"\nfailure_limit = 2\n') == 1
    probes.write_text(own.replace('every = "60s"\nfailure_limit = 2\n', 'every = "5s"\nfailure_limit = 2\n'))
    seconds_until(healthy, verdict("PASS"), 60)
    met = order_check(healthy.get("canary", "/v1/status"))
    assert (len(met), set(met.values())) == (9, {"met"}), met
    assert asked_inside(healthy, "executor-canary", "PUT", "/v1/kill-switch", SWITCH % ("true", "")) == 200
    try:
        seconds_until(healthy, verdict("FAIL"), 60)
        (fault,) = healthy.get("canary", "/v1/status")["faults"]
        assert "(denied, KILL_SWITCH: the kill switch is engaged: a test of the round trip)" in fault["text"]
        assert (fault["about"], fault["runbook"]) == ("executor-canary order", "CanaryFailing")
    finally:
        asked_inside(healthy, "executor-canary", "PUT", "/v1/kill-switch", SWITCH % ("false", ""))
    assert seconds_until(healthy, verdict("PASS"), 60) < 15


def test_a_stopped_console_is_a_fail_within_15_seconds_and_a_pass_again_within_15(healthy: Stack) -> None:
    seconds_until(healthy, verdict("PASS"), 60)
    healthy.compose("stop", "--timeout", "2", "web")
    try:
        assert seconds_until(healthy, verdict("FAIL"), 60) < 15
        (first, *_) = healthy.get("canary", "/v1/status")["faults"]
        assert first["about"] == "web healthz"
        assert first["cannot"]
    finally:
        healthy.compose("start", "web")
    healthy.wait_ready("web")
    assert seconds_until(healthy, verdict("PASS"), 60) < 15


def verify(*arguments: object) -> tuple[int, str]:
    """The exit code and words of `verify` on this machine, which needs no stack."""
    command = [sys.executable, "-m", "canary", "verify", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_stacks_evidence_proves_itself_elsewhere_with_the_exported_trust_file(
    healthy: Stack, tmp_path: Path
) -> None:
    healthy.run("scripts/evidence.sh", check=False)
    trust = tmp_path / "trust.json"
    trust.write_text(healthy.compose("exec", "-T", "canary", "python", "-m", "canary", "key", "export"))
    healthy.compose("cp", "canary:/evidence", str(tmp_path / "evidence"))
    code, told = verify(tmp_path / "evidence", "--trust", trust)
    assert code == 0, told
    assert verify(tmp_path / "evidence")[0] == 2, "without the trust file nobody vouches for the key"
    package = sorted((tmp_path / "evidence").glob("canary_*.zip"))[-1]
    changed = bytearray(package.read_bytes())
    changed[len(changed) // 2] ^= 1
    package.chmod(0o644)
    package.write_bytes(bytes(changed))
    code, told = verify(package, "--trust", trust)
    assert (code, "NOT as it was written" in told) == (1, True), told


def test_restarts_are_judged_from_the_baseline_on_and_the_package_says_who_set_it(healthy: Stack) -> None:
    restarts = healthy.kill("web")
    healthy.wait_restarted("web", restarts)
    healthy.run("scripts/baseline.sh", "Ada", "a test of the baseline")
    seconds_until(healthy, lambda status: bool((status["baseline"] or {}).get("by") == "Ada"), 30)
    row = next(one for one in healthy.get("canary", "/v1/status")["restarts"] if one["service"] == "web")
    assert (row["since_baseline"], row["in_all"]) == (0, restarts + 1)
    assert "a test of the baseline" in healthy.run("scripts/baseline.sh").stdout
    seconds_until(healthy, verdict("PASS"), 60)


def test_the_history_the_card_and_the_badge_tell_the_same_verdict(healthy: Stack) -> None:
    seconds_until(healthy, verdict("PASS"), 60)
    card = healthy.get("canary", "/v1/canary")
    (newest,) = healthy.get("canary", "/v1/runs?limit=1")["runs"]
    assert (card["verdict"], newest["verdict"]) == ("PASS", "PASS")
    badge = healthy.ask("GET", "canary", "/badge.svg")
    assert (badge.status, b"PASS" in badge.body) == (200, True)
    assert {one["service"] for one in card["services"]} >= {"web", "marketdata", "executor-1", "postgres"}
