"""Each venue has a room of its own: no room knows another, and what the service reads of two is never mixed up."""

from __future__ import annotations

from pathlib import Path

from common.loop import Stop, Supervisor
from common.verifier import verifier_of
from marketdata.parts import Parts
from marketdata.settings import Settings
from tests.repo.layers import imports

HERE = Path(__file__).parents[3] / "marketdata"
ROOMS = sorted(folder.name for folder in (HERE / "venues").iterdir() if (folder / "assembly.py").exists())
SAME_JOB = ("frames", "shapes", "answers", "endpoints", "settings", "subscriptions", "intake", "feed", "instruments")
SECRETS = ("API_KEY", "USERNAME", "PASSWORD")


def _rooms_known(file: Path) -> set[str]:
    names = [name.split(".") for name in imports(file)]
    return {parts[2] for parts in names if parts[:2] == ["marketdata", "venues"] and len(parts) > 2} & set(ROOMS)


def test_there_is_a_room_for_each_venue() -> None:
    assert {"btcturk", "algolab"} <= set(ROOMS)


def test_no_room_imports_another() -> None:
    for room in ROOMS:
        for file in (HERE / "venues" / room).glob("*.py"):
            assert _rooms_known(file) <= {room}, file


def test_only_settings_parts_and_the_document_of_all_calls_know_a_room() -> None:
    knowing = ("settings.py", "parts.py", "openapi.py", "examples.py")
    for file in HERE.rglob("*.py"):
        if file.parent.name not in ROOMS and file.name not in knowing:
            assert not _rooms_known(file), file


def test_the_same_job_is_in_a_file_of_the_same_name() -> None:
    for room in ROOMS:
        missing = [name for name in SAME_JOB if not (HERE / "venues" / room / f"{name}.py").exists()]
        assert not missing, f"{room}: {missing}"


def test_loops_parts_of_readiness_and_names_of_venues_are_each_given_once(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    verifier = tmp_path / "verifier"
    verifier.write_text(verifier_of("x"))
    files = {f"SPARK_ALGOLAB_{name}_FILE": str(secret) for name in SECRETS}
    settings = Settings.from_environment({**files, "SPARK_OPERATOR_VERIFIER_FILE": str(verifier)})
    parts = Parts.build(settings, Supervisor(Stop()))
    for names in (
        [venue.name for venue in parts.venues],
        [part for venue in parts.venues for part in venue.readiness],
        [health.name for health in parts.loops.health()],
    ):
        assert len(names) == len(set(names)), names
    assert len(parts.venues) == len(ROOMS)
