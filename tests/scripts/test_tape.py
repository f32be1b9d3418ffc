"""`make tape` and `make replay` say what is wrong before anything is touched, and hand the rest on as it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout

DOCKER = r"""#!/bin/bash
echo "$*" >>"$ANSWERS/asked"
case "$*" in
  "compose ps --all --services") printf 'venue\nmarketdata\n' ;;
  *"cli cut"*) echo "a tape of ${10} to ${11}" ;;
  *"cli keep"*) cat >"$ANSWERS/kept"; echo /data/tapes/replay/one.tape.gz ;;
  *"cli settings"*) printf 'SPARK_BTCTURK_PAIRS=BTCTRY\nSPARK_REPLAY_FROM=1790000000.5\n' ;;
  "compose up"*) env | grep '^SPARK_' | sort >"$ANSWERS/started" ;;
  *) exec "$(dirname "$0")/plain-docker" "$@" ;;
esac
"""


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    """A checkout whose stack has two services, and whose marketdata answers for its tapes."""
    (checkout.tools / "docker").rename(checkout.tools / "plain-docker")
    (checkout.tools / "docker").write_text(DOCKER)
    (checkout.tools / "docker").chmod(0o755)
    return checkout


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("replay.sh", "no tape is named"),
        ("replay.sh none.tape.gz", "there is no file none.tape.gz"),
        ("replay.sh docker-compose.yml fast", "SPEED=fast: must be a number above 0"),
        ("replay.sh docker-compose.yml 1", "there is no stack yet"),
        ("tape.sh '' 15m", "no file is named for the span"),
        ("tape.sh out.zip", "out.zip: must end in .tape.gz"),
        ("tape.sh there.tape.gz", "there.tape.gz is there already"),
    ],
)
def test_what_stands_in_the_way_is_told(checkout: Checkout, command: str, told: str) -> None:
    (checkout.path / "there.tape.gz").write_text("kept")
    done = checkout.bash(f"bash scripts/{command}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"error: {told}"
    assert (checkout.path / "there.tape.gz").read_text() == "kept"


def test_a_span_is_cut_into_the_file_that_only_its_owner_reads(running: Checkout, tmp_path: Path) -> None:
    out = tmp_path / "my bug.tape.gz"
    done = running.bash(f"bash scripts/tape.sh '{out}' '2026-09-22 08:00' 5m")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(out)
    assert out.read_text() == "a tape of 2026-09-22 08:00 to 5m\n"
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_replay_starts_the_same_services_with_the_settings_of_the_tape(running: Checkout) -> None:
    (running.path / "one.tape.gz").write_bytes(b"\x1f\x8b tape")
    done = running.bash(
        "bash scripts/replay.sh one.tape.gz 10",
        SPARK_MARKET="live",
        SPARK_BTCTURK_WS_URL="wss://elsewhere",
        SPARK_TAPE="on",
    )
    assert done.returncode == 0, done.stderr
    assert (running.answers / "kept").read_bytes() == b"\x1f\x8b tape"
    started = dict(line.split("=", 1) for line in (running.answers / "started").read_text().splitlines())
    assert (
        started.items()
        >= {
            "SPARK_VENUE_TAPE": "/data/tapes/replay/one.tape.gz",
            "SPARK_REPLAY_FROM": "1790000000.5",
            "SPARK_REPLAY_SPEED": "10",
            "SPARK_BTCTURK_PAIRS": "BTCTRY",
            "SPARK_BTCTURK_WS_URL": "",
            "SPARK_MARKET": "simulated",
            "SPARK_ACCOUNT": "replay",
            "SPARK_TAPE": "off",
        }.items()
    )
    asked = (running.answers / "asked").read_text().splitlines()
    assert [line for line in asked if line.startswith("compose up")] == [
        "compose up --detach --force-recreate venue marketdata"
    ]
