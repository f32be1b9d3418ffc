"""The canary's figures: a run with its package, the check of a long chain, and what the probes cost each service."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import docker
import msgspec

from bench.rows import Row, row
from bench.stack_rows import running_stack, seconds
from canary.evidence import EvidenceStore
from canary.package import BINDING, CONTAINERS, MANIFEST, REPORT, STATEMENT, SUMS, ContainerStatus, Draft
from canary.report import Report
from canary.timestamped import TIMESTAMP
from tests.canary.keys import key_file
from tests.stack.stack import Stack

RUNS = 3
PACKAGES = 1000
ROUNDS = 3
WINDOW_SECONDS = 60.0
SEALED_LATER = {MANIFEST, STATEMENT, SUMS, BINDING, TIMESTAMP}
ROOT = Path(__file__).parents[1]
PROBED = ("marketdata", "executor-1", "executor-2", "executor-canary", "web", "gateway", "prometheus", "alertmanager")


def measure() -> list[Row]:
    """All rows of the canary."""
    with running_stack() as stack:
        runs = [seconds(lambda: stack.run("make", "evidence")) for _ in range(RUNS)]
        newest = max((ROOT / "evidence").glob("canary_*.zip"), key=lambda path: path.stat().st_mtime)
        cost = cost_rows(stack)
    return [row("evidence_run_seconds", runs, "s"), *chain_rows(newest), *cost]


def chain_rows(package: Path) -> list[Row]:
    """`verify` of a chain of packages of this one's content; baseline: the unpacking of all of them, by one process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "evidence"
        folder.mkdir()
        trust = write_chain(package, folder)
        command = [sys.executable, "-m", "canary", "verify", str(folder), "--trust", str(trust)]
        checks, readings = [], []
        for _ in range(RUNS):
            checks.append(seconds(lambda: subprocess.run(command, cwd=ROOT, check=True, capture_output=True)))
            readings.append(seconds(lambda: unpack_all(folder)))
    return [
        row(f"verify_seconds_packages_{PACKAGES}", checks, "s", readings),
        row("evidence_package_bytes", [float(package.stat().st_size)], "B"),
    ]


def write_chain(package: Path, folder: Path) -> Path:
    """Writes a chain of packages with the content of a real one, signed by a key of tests; returns its trust file."""
    with zipfile.ZipFile(package) as archive:
        files = {one: archive.read(one) for one in archive.namelist() if one not in SEALED_LATER}
    report = msgspec.json.decode(files[REPORT], type=Report)
    seen_at = datetime.fromisoformat(report.checked_at)
    containers = msgspec.json.decode(files[CONTAINERS], type=ContainerStatus).containers
    key = key_file(folder)
    store = EvidenceStore(folder, key, most_packages=PACKAGES, most_bytes=PACKAGES * 10**7)
    for number in range(PACKAGES):
        store.write(Draft(report, containers, files), seen_at + timedelta(seconds=number))
    trust = folder.with_name("trust.json")
    trust.write_bytes(store.chain.trust_file(seen_at + timedelta(seconds=PACKAGES)))
    return trust


def unpack_all(folder: Path) -> None:
    for path in sorted(folder.glob("canary_*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                archive.read(name)


def cost_rows(stack: Stack) -> list[Row]:
    """Each service's share of a core while the canary probes, less its share while the canary is stopped."""
    engine = docker.APIClient()
    ids = {service: stack.container(service)["Id"] for service in PROBED}
    probed: dict[str, list[float]] = {service: [] for service in PROBED}
    alone: dict[str, list[float]] = {service: [] for service in PROBED}
    for _ in range(ROUNDS):
        stack.compose("stop", "--timeout", "5", "canary")
        _add_shares(engine, ids, alone)
        stack.compose("start", "canary")
        stack.wait_verdict("PASS")
        _add_shares(engine, ids, probed)
    return [
        row(
            f"probes_percent_of_a_core_{service}",
            [with_it - without for with_it, without in zip(probed[service], alone[service], strict=True)],
            "%",
            alone[service],
        )
        for service in PROBED
    ]


def _add_shares(engine: docker.APIClient, ids: dict[str, str], shares: dict[str, list[float]]) -> None:
    begun = time.monotonic()
    before = {service: _processor_seconds(engine, container) for service, container in ids.items()}
    time.sleep(WINDOW_SECONDS)
    after = {service: _processor_seconds(engine, container) for service, container in ids.items()}
    wall = time.monotonic() - begun
    for service in ids:
        shares[service].append(100 * (after[service] - before[service]) / wall)


def _processor_seconds(engine: docker.APIClient, container: str) -> float:
    """The processor time that a container has used since its start."""
    told = engine.stats(container, stream=False, one_shot=True)
    return float(told["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9
