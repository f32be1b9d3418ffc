"""Each checkout has a stack of its own, finds the one that it has, and touches no other."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout, make_checkout, quiet_ports

pytestmark = pytest.mark.slow

SHOW = 'use_stack; echo "$COMPOSE_PROJECT_NAME"'


def name_of(checkout: Checkout) -> str:
    done = checkout.bash(SHOW)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("folder", ["spark", "My Clone", "Ölçü", "x" * 80])
def test_a_name_is_one_that_compose_takes_and_stays_the_same(tmp_path: Path, folder: str) -> None:
    checkout = make_checkout(tmp_path, folder)
    assert re.fullmatch(r"spark[-_a-z0-9]*-[0-9a-f]{8}", name_of(checkout))
    assert name_of(checkout) == name_of(checkout)


def test_two_checkouts_in_folders_of_one_name_have_two_stacks(tmp_path: Path) -> None:
    assert name_of(make_checkout(tmp_path / "a")) != name_of(make_checkout(tmp_path / "b"))


@pytest.mark.parametrize("name", ["spark", "clone"])
def test_a_stack_that_this_folder_has_under_an_older_name_is_found(tmp_path: Path, name: str) -> None:
    checkout = make_checkout(tmp_path, "clone")
    checkout.answer(f"containers-{name}", f"{name}-web-1|{checkout.path}")
    assert name_of(checkout) == name


def test_a_stack_of_that_name_in_another_folder_is_left_alone(tmp_path: Path, checkout: Checkout) -> None:
    checkout.answer("containers-spark", f"spark-web-1|{tmp_path / 'other'}")
    assert name_of(checkout) not in ("spark", "")


@pytest.mark.parametrize("command", ["up", "down", "clean", "backup", "restore", "tape", "replay"])
def test_a_name_that_belongs_to_another_folder_is_refused_with_the_folder(
    tmp_path: Path, checkout: Checkout, command: str
) -> None:
    other = make_checkout(tmp_path / "other")
    checkout.answer("containers-mine", f"mine-web-1|{other.path}")
    script = {name: f"{name}.sh" for name in ("up", "backup", "tape")}
    script |= {"restore": "restore.sh docker-compose.yml", "replay": "replay.sh docker-compose.yml"}
    done = checkout.bash(
        f"bash scripts/{script.get(command, f'compose.sh {command}')}",
        COMPOSE_PROJECT_NAME="mine",
        **quiet_ports(),
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"error: the stack mine belongs to the folder {other.path}: ")
    assert "COMPOSE_PROJECT_NAME=spark-" in lines[0]
    assert len(lines) == 1, "it ends at once"


def test_volumes_of_another_folder_are_refused_too(tmp_path: Path, checkout: Checkout) -> None:
    other = make_checkout(tmp_path / "other")
    checkout.answer("volumes-mine", f"mine_ledger-data|{other.path}")
    assert f"belongs to the folder {other.path}" in checkout.bash(SHOW, COMPOSE_PROJECT_NAME="mine").stderr


def test_a_checkout_that_was_moved_keeps_its_stack(tmp_path: Path, checkout: Checkout) -> None:
    checkout.answer("containers-mine", f"mine-web-1|{tmp_path / 'before'}")
    assert checkout.bash(SHOW, COMPOSE_PROJECT_NAME="mine").stdout == "mine\n"


@pytest.mark.parametrize(
    ("question", "line", "told"),
    [
        ("containers-mine", "stranger|", "the container stranger, which is no part of Spark"),
        ("volumes-mine", "mine_db|", "the volume mine_db, which is no part of Spark"),
    ],
)
def test_what_is_no_part_of_spark_is_never_touched(checkout: Checkout, question: str, line: str, told: str) -> None:
    checkout.answer(question, line)
    done = checkout.bash("bash scripts/compose.sh down", COMPOSE_PROJECT_NAME="mine")
    assert done.returncode == 1
    assert told in done.stderr


def test_a_link_to_the_folder_is_the_folder(tmp_path: Path, checkout: Checkout) -> None:
    link = tmp_path / "link"
    link.symlink_to(checkout.path)
    checkout.answer("containers-mine", f"mine-web-1|{link}")
    assert checkout.bash(SHOW, COMPOSE_PROJECT_NAME="mine").stdout == "mine\n"


def test_the_name_is_kept_in_the_env_file_and_the_owner_on_the_ledgers_volume(checkout: Checkout) -> None:
    (checkout.path / ".env").write_text("SPARK_THREADS=24")
    done = checkout.bash("use_stack; claim_project")
    lines = (checkout.path / ".env").read_text().splitlines()
    assert lines[0] == "SPARK_THREADS=24"
    assert lines[-1] == f"COMPOSE_PROJECT_NAME={name_of(checkout)}"
    assert "written" not in done.stdout
    assert f"--label spark.checkout={checkout.path} " in (checkout.answers / "created").read_text()


def test_a_name_that_is_set_is_written_nowhere(checkout: Checkout) -> None:
    assert checkout.bash("use_stack; claim_project", COMPOSE_PROJECT_NAME="mine").stdout == ""
    assert not (checkout.path / ".env").exists()


def test_volumes_that_nobody_is_known_of_are_told_of(checkout: Checkout) -> None:
    checkout.answer("volumes-spark", "spark_ledger-data|", "spark_feed-data|")
    assert "COMPOSE_PROJECT_NAME=spark in .env" in checkout.bash("use_stack; claim_project").stdout


def test_a_copied_checkout_does_not_take_the_stack_along(tmp_path: Path, checkout: Checkout) -> None:
    checkout.bash("use_stack; claim_project")
    name = name_of(checkout)
    shutil.copytree(checkout.path, tmp_path / "copy")
    copy = Checkout(tmp_path / "copy", checkout.tools, checkout.answers)
    checkout.answer(f"volumes-{name}", f"{name}_ledger-data|{checkout.path}")
    assert "belongs to the folder" in copy.bash(SHOW, COMPOSE_PROJECT_NAME=name).stderr
