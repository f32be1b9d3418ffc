"""Wrong settings are told by the services' own sentences, once each, before a container that runs is touched."""

from __future__ import annotations

import re
import socket
import subprocess
import sys

import pytest

from tests.repo import compose
from tests.scripts.checkout import ROOT, SETTINGS_OF, Checkout

WRONG = {
    "venue": ("SPARK_VENUE_DIAL_REFUSAL", "maybe"),
    "marketdata": ("SPARK_STREAMS_MAX", "many"),
    "executor": ("SPARK_MAX_WRITES_PER_SECOND", "abc"),
    "web": ("SPARK_QUOTE_STALE_SECONDS", "-4"),
    "canary": ("SPARK_RESTART_BUDGET", "x"),
    "init.receivers": ("SPARK_QUIET_HOURS", "night"),
}


def read_settings(checkout: Checkout, package: str, **environment: str) -> str:
    snippet = checkout.bash('printf %s "$READ"').stdout
    return subprocess.run(
        [sys.executable, "-c", snippet, package],
        cwd=ROOT,
        env={"SPARK_MARKET": "simulated"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stderr


def test_every_service_with_an_image_of_its_own_is_asked_for_its_settings() -> None:
    """But for docker-proxy, which reads none that is not read elsewhere too."""
    blocks = {name: block for name, block in compose.services().items() if name in compose.listening()}
    built = {name: block["environment"]["SPARK_SERVICE"] for name, block in blocks.items() if "build" in block}
    assert built | {"init": "init.receivers"} == {**SETTINGS_OF, "docker-proxy": "window"}


@pytest.mark.parametrize("package", SETTINGS_OF.values())
def test_a_services_settings_are_read_as_it_reads_them(checkout: Checkout, package: str) -> None:
    name, value = WRONG.get(package, ("SPARK_MARKET", "real"))
    said = read_settings(checkout, package, **{name: value})
    assert re.search(rf"SettingsError: (?s:.*){name}='{value}'", said), said


def test_an_outside_heartbeat_without_its_address_is_told_before_a_container_is_touched(checkout: Checkout) -> None:
    said = read_settings(checkout, "web", SPARK_HEARTBEAT="on")
    told = "SPARK_HEARTBEAT=on: there is no secret address: run make receiver-secret RECEIVER=heartbeat"
    assert said.splitlines().count(told) == 1


def test_a_live_market_that_is_not_reached_is_told_with_the_host(checkout: Checkout) -> None:
    nowhere = {name: f"{scheme}://127.0.0.1:1" for name, scheme in (("WS", "ws"), ("REST", "http"), ("CHART", "http"))}
    urls = {f"SPARK_BTCTURK_{name}_URL": url for name, url in nowhere.items()}
    said = read_settings(checkout, "marketdata", SPARK_MARKET="live", SPARK_BIST_SYMBOLS="none", **urls)
    assert said.startswith("SettingsError: SPARK_MARKET=live: 127.0.0.1 is not reached from a container: ")


def test_a_live_market_behind_a_proxy_is_looked_for_there(checkout: Checkout) -> None:
    schemes = {"WS": "wss", "REST": "https", "CHART": "https"}
    far = {f"SPARK_BTCTURK_{name}_URL": f"{scheme}://far.invalid" for name, scheme in schemes.items()}
    known = far | {"SPARK_BIST_SYMBOLS": "none"}
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://me:s3cret@127.0.0.1:{proxy.getsockname()[1]}"
        assert read_settings(checkout, "marketdata", SPARK_MARKET="live", HTTPS_PROXY=address, **known) == ""
    nowhere = "http://me:s3cret@127.0.0.1:1"
    said = read_settings(checkout, "marketdata", SPARK_MARKET="live", HTTPS_PROXY=nowhere, **known)
    assert said.startswith("SettingsError: SPARK_MARKET=live: the proxy 127.0.0.1 is not reached from a container: ")
    assert "s3cret" not in said


def test_a_fault_that_several_services_find_is_told_once(checkout: Checkout) -> None:
    for service in SETTINGS_OF:
        checkout.answer(f"settings-{service}", " Network mine_front  Created")
    trace = ("Traceback (most recent call last):", '  File "<string>", line 4, in <module>')
    checkout.answer("settings-executor-1", *trace, "common.settings.SettingsError: A=1: no", "B=2: neither")
    checkout.answer("settings-web", *trace, "common.settings.SettingsError: A=1: no", "")
    assert checkout.bash("told").stdout == "A=1: no (executor, web)\nB=2: neither (executor)\n"
