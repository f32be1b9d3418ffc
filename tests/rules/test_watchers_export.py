"""Prometheus and Alertmanager themselves export the series that the rules ask them for, as soon as they run."""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping

import pytest

from tests.repo.exports import ALERTMANAGER, PROMETHEUS, Labels
from tests.rules.conftest import ROOT

READY_SECONDS = 20.0


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def _scraped(
    image: str, port: int, folder: str, flags: tuple[str, ...], wanted: set[str]
) -> Iterator[dict[str, set[str]]]:
    """Runs the image with the stack's own configuration; yields name and labels of what it exports."""
    container = _docker(
        *("run", "--detach", "--rm", f"--publish=127.0.0.1::{port}", f"--user={os.getuid()}:{os.getgid()}"),
        *(f"--volume={ROOT}/{folder}:/etc/{folder}:ro", "--tmpfs=/data:mode=1777", image),
        *(f"--config.file=/etc/{folder}/{folder}.yml", *flags),
    )
    try:
        address = "http://" + _docker("port", container, f"{port}/tcp").splitlines()[0] + "/metrics"
        end = time.monotonic() + READY_SECONDS
        while True:
            found: dict[str, set[str]] = {}
            try:
                with urllib.request.urlopen(address, timeout=3) as answer:
                    text = answer.read().decode()
            except OSError:
                text = ""
            for name, labels in re.findall(r"^([a-z_]+)(\{.*?\})? ", text, re.MULTILINE):
                found.setdefault(name, set()).update(re.findall(r"(\w+)=\"", labels))
            if wanted <= set(found) or time.monotonic() > end:
                yield found
                return
            time.sleep(0.25)
    finally:
        _docker("kill", container)


@pytest.fixture(scope="module")
def of_prometheus(prometheus_image: str) -> Iterator[dict[str, set[str]]]:
    yield from _scraped(prometheus_image, 9090, "prometheus", ("--storage.tsdb.path=/data",), set(PROMETHEUS))


@pytest.fixture(scope="module")
def of_alertmanager(alertmanager_image: str) -> Iterator[dict[str, set[str]]]:
    flags = ("--storage.path=/data", "--cluster.listen-address=", "--enable-feature=receiver-name-in-metrics")
    yield from _scraped(alertmanager_image, 9093, "alertmanager", flags, set(ALERTMANAGER))


def _differ(asked: Mapping[str, Labels], found: Mapping[str, set[str]]) -> dict[str, object]:
    return {name: found.get(name) for name, labels in asked.items() if found.get(name) != labels}


def test_prometheus_exports_what_the_rules_ask_it_for(of_prometheus: dict[str, set[str]]) -> None:
    assert _differ(PROMETHEUS, of_prometheus) == {}


def test_alertmanager_exports_what_the_rules_ask_it_for(of_alertmanager: dict[str, set[str]]) -> None:
    assert _differ(ALERTMANAGER, of_alertmanager) == {}
