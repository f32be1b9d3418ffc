"""No running container has a secret that it does not need, after an update of an older stack either."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.stack.stack import Stack

pytestmark = pytest.mark.stack

CONTENT = (
    "import pathlib; print(*(file.read_text() for file in pathlib.Path('/run/secrets').rglob('*') if file.is_file()))"
)
OWN = ("API-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "12345678901", "of-the-user")
AS_BEFORE = """
import pathlib, sys
for name, secret in zip(("api_key", "username", "password"), sys.argv[1:]):
    pathlib.Path("/secrets/algolab", name).write_text(secret)
"""
ONCE = ("--progress", "quiet", "run", "--rm", "--no-deps", "-T")
IN_INIT = (*ONCE, "init", "python")
HOLDERS = {
    "operator/token": set[str](),
    "reader/token": set[str](),
    "alerts/alert_token": {"alertmanager"},
    "peer/secret": {"executor-1", "executor-2", "executor-canary"},
    "canary-trader/token": {"canary"},
    "ledger-owner/password": set[str](),
    "ledger-executor/password": {"executor-1", "executor-2", "executor-canary"},
    "algolab-simulated/password": {"venue", "marketdata"},
}


def held(stack: Stack, service: str) -> str:
    """Every secret that is mounted in a container, as its own user reads it."""
    return stack.compose("exec", "-T", service, "sh", "-c", "cat /run/secrets/*/* 2>/dev/null || true")


def test_each_secret_is_held_by_those_alone_that_use_it(healthy: Stack) -> None:
    found = {service: held(healthy, service) for service in healthy.running_services()}
    for name, holders in HOLDERS.items():
        secret = healthy.secret(name)
        assert {service for service, text in found.items() if secret in text} == holders, name


def test_the_users_credentials_of_an_older_version_survive_an_update_and_the_venue_never_reads_them(
    healthy: Stack,
) -> None:
    healthy.compose(*IN_INIT, "-c", AS_BEFORE, *OWN)
    before = held(healthy, "venue")
    healthy.compose(*IN_INIT, "/init/make_secrets.py")
    for service in ("venue", "marketdata"):
        assert not [secret for secret in OWN if secret in held(healthy, service)]
    assert held(healthy, "venue") == before
    live = replace(healthy, environment={**healthy.environment, "SPARK_MARKET": "live"})
    assert set(OWN) <= set(live.compose(*ONCE, "marketdata", "python", "-c", CONTENT).split())
    assert not set(OWN) & set(live.compose(*ONCE, "venue", "python", "-c", CONTENT).split())
