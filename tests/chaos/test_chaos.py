"""The one-minute form of `make chaos`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import database
from tests.chaos.database import Database
from tests.chaos.run import chaos

SEED = 7


@pytest.fixture
def killed_database(tmp_path: Path) -> Iterator[Database]:
    """A PostgreSQL that may be killed; by its name the test is known to need an engine."""
    with database.running(tmp_path, random.Random(SEED)) as server:
        yield server


def test_a_minute_of_kills_loses_doubles_and_over_fills_nothing(killed_database: Database) -> None:
    outcome = chaos(1.0, SEED, killed_database)
    assert outcome.lost[:3] == ()
    assert outcome.doubled[:3] == ()
    assert outcome.overfilled[:3] == ()
    assert outcome.unbalanced == ()
    assert outcome.odd[:3] == ()
    assert outcome.verify == "clean"
    assert outcome.passed, outcome.line()
