from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from common.errors import Unavailable
from tests.repo.tree import ROOT
from web.alerts.alert import Alert
from web.alerts.inbox import AlertInbox

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ONE = Alert(
    fingerprint="f1",
    status="firing",
    name="ServiceDown",
    severity="critical",
    service="web",
    summary="",
    description="",
    runbook_url="",
    generator_url="",
    labels={"alertname": "ServiceDown"},
    annotations={},
    starts_at=START,
    ends_at=None,
    updated_at=START,
)


def later(alert: Alert, seconds: float, **changes: object) -> Alert:
    return msgspec.structs.replace(alert, updated_at=START + timedelta(seconds=seconds), **changes)


def put(inbox: AlertInbox, *alerts: Alert) -> list[str]:
    """Takes the alerts as messages while Prometheus is heard."""
    return inbox.take(alerts, "resolved")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "alerts.sqlite"


def test_what_was_stored_is_there_after_a_restart(file: Path) -> None:
    put(AlertInbox(file), ONE)
    assert AlertInbox(file).newest(10) == [ONE]


def test_a_resolved_alert_replaces_its_own_firing(file: Path) -> None:
    inbox = AlertInbox(file)
    put(inbox, ONE)
    resolved = later(ONE, 60, status="resolved", ends_at=START + timedelta(seconds=59))
    put(inbox, resolved)
    assert inbox.newest(10) == [resolved]
    assert inbox.contents(10).counts == {"firing": 0, "unknown": 0, "resolved": 1}


def test_the_last_heartbeat_is_there_after_a_restart_and_is_no_row(file: Path) -> None:
    inbox = AlertInbox(file)
    assert inbox.heard()[0] is None
    inbox.take([], "resolved", heartbeat_at=START)
    inbox.take([ONE], "resolved", heartbeat_at=START + timedelta(seconds=60))
    put(inbox, ONE)
    again = AlertInbox(file)
    assert again.heard()[0] == START + timedelta(seconds=60)
    assert again.newest(10) == [ONE]


def test_only_the_newest_rows_are_kept(file: Path) -> None:
    inbox = AlertInbox(file, keep=3)
    put(inbox, *(later(ONE, index, fingerprint=f"f{index}") for index in range(5)))
    assert [alert.fingerprint for alert in inbox.newest(10)] == ["f4", "f3", "f2"]


def test_what_fires_comes_before_newer_resolved_ones(file: Path) -> None:
    inbox = AlertInbox(file)
    put(inbox, ONE, later(ONE, 60, fingerprint="f2", status="resolved", ends_at=START))
    assert [alert.fingerprint for alert in inbox.newest(2)] == ["f2", "f1"]
    assert [alert.fingerprint for alert in inbox.contents(2).alerts] == ["f1", "f2"]


def test_the_log_is_written_ahead(file: Path) -> None:
    AlertInbox(file)
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_batch_is_stored_whole_or_not_at_all(file: Path) -> None:
    inbox = AlertInbox(file)
    broken = msgspec.structs.replace(ONE, fingerprint=None)
    with pytest.raises(Unavailable, match="NOT NULL"):
        put(inbox, ONE, broken)
    assert inbox.newest(10) == []


def test_threads_write_at_the_same_time_and_nothing_is_lost(file: Path) -> None:
    inbox = AlertInbox(file)

    def write(writer: int) -> None:
        for index in range(10):
            put(inbox, later(ONE, index, fingerprint=f"{writer}-{index}"))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert inbox.contents(10).counts == {"firing": 40, "unknown": 0, "resolved": 0}


FULL = """
import resource, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from common.errors import Unavailable
from tests.repo.tree import ROOT
from web.alerts.inbox import AlertInbox
inbox = AlertInbox(Path(sys.argv[1]))
begun = datetime(2026, 11, 22, tzinfo=UTC)
inbox.looked(begun)
assert inbox.trouble() is None
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
try:
    inbox.looked(begun + timedelta(seconds=10))
except Unavailable as error:
    print(error.message)
print(inbox.trouble())
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
inbox.looked(begun + timedelta(seconds=20))
print(inbox.trouble())
"""


def test_a_disk_that_takes_nothing_more_is_trouble_until_it_takes_something(file: Path) -> None:
    run = (sys.executable, "-c", FULL, str(file))
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    refused, trouble, after = done.stdout.splitlines()
    assert refused.startswith("the inbox can't be written or read (")
    assert trouble == refused
    assert after == "None"


def test_it_says_when_it_cannot_be_written(file: Path) -> None:
    inbox = AlertInbox(file)
    assert inbox.trouble() is None
    for each in file.parent.iterdir():
        each.unlink()
    file.mkdir()
    reason = inbox.trouble()
    assert reason is not None
    assert "can't be written" in reason
