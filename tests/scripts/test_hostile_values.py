"""A value given to make or to a setting arrives as it is, or is refused: no shell and no make parses it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scripts.checkout import ROOT, Checkout, quiet_ports

pytestmark = pytest.mark.slow
HOSTILE = {
    "quotes": 'x";hostile;"\'',
    "backquotes": "`hostile`",
    "make's shell": "$(shell hostile)",
    "make's own quoting": "$$(hostile)",
    "make's eval": "$(eval x:=$(shell hostile))",
    "the index of a name": "STARTED_AT[$(hostile)]",
    "a line of its own": "x\nhostile\n",
    "an option": "--help;hostile",
}
VALUES = [pytest.param(value, id=name) for name, value in HOSTILE.items()]
DOCKER = r"""#!/bin/bash
printf '%s\0' "$@" >>"$ANSWERS/arguments"
case "$*" in
  "compose ps --all --services") printf 'venue\nmarketdata\n' ;;
  *) exec "$(dirname "$0")/plain-docker" "$@" ;;
esac
"""
PYTHON = '#!/bin/bash\nprintf "%s\\0" "$@" >>"$ANSWERS/arguments"\n'
VARIABLES = [
    ("logs", "SERVICE"),
    ("restore", "FILE"),
    ("feed-resume", "VENUE"),
    ("symbols", "ADD"),
    ("symbols", "REMOVE"),
    ("tape", "OUT"),
    ("tape", "FROM"),
    ("tape", "TO"),
    ("replay", "TAPE"),
    ("replay", "SPEED"),
    ("soak", "MINUTES"),
    ("chaos", "MINUTES"),
    ("receiver-secret", "RECEIVER"),
    ("baseline", "BY"),
    ("baseline", "WHY"),
    ("page", "WAIT"),
    ("page", "CHROME"),
    ("canary", "IMAGE"),
]
BESIDE = {
    "BY": {"WHY": "x"},
    "WHY": {"BY": "Ada"},
    "FROM": {"OUT": "a.tape.gz"},
    "TO": {"OUT": "a.tape.gz"},
    "SPEED": {"TAPE": "a file"},
}
SETTINGS = [
    "MAKE_KNOWS_NO_SUCH_NAME",
    "SPARK_BIND",
    "SPARK_DOCKER_SOCKET",
    "SPARK_LINK_HOST",
    "SPARK_MARKET",
    "SPARK_PORT_WEB",
    "STARTED_AT",
]


@pytest.fixture
def hostile(checkout: Checkout) -> Checkout:
    """A checkout with the Makefile, in which the command `hostile` leaves a trace."""
    shutil.copy(ROOT / "Makefile", checkout.path)
    shutil.copy(ROOT / ".dockerignore", checkout.path)
    (checkout.tools / "docker").rename(checkout.tools / "plain-docker")
    program(checkout.tools / "docker", DOCKER)
    program(checkout.tools / "hostile", '#!/bin/bash\ntouch "$ANSWERS/ran"\n')
    for name in ("engine", "images"):
        program(checkout.path / f"scripts/{name}.sh", "#!/bin/bash\n")
    (checkout.path / "tests").mkdir()
    shutil.copy(ROOT / "tests/requirements.txt", checkout.path / "tests")
    (checkout.path / ".venv/bin").mkdir(parents=True)
    program(checkout.path / ".venv/bin/python", PYTHON)
    stamp = subprocess.run(
        ["sha256sum", "tests/requirements.txt"], cwd=checkout.path, capture_output=True, text=True, check=True
    )
    (checkout.path / ".venv/requirements.sha256").write_text(stamp.stdout)
    (checkout.path / "a file").write_text("x")
    return checkout


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def make(checkout: Checkout, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    given = {"PATH": f"{checkout.tools}:{os.environ['PATH']}", "ANSWERS": str(checkout.answers)}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=checkout.path,
        env=inherited | given | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def arrived(checkout: Checkout) -> set[str]:
    """The arguments of every program that was run, and the values of their options."""
    file = checkout.answers / "arguments"
    arguments = file.read_text().split("\0") if file.exists() else []
    return {*arguments, *(one.partition("=")[2] for one in arguments if one.startswith("--"))}


def assert_is_text(checkout: Checkout, value: str, done: subprocess.CompletedProcess[str]) -> None:
    assert not (checkout.answers / "ran").exists(), f"it was run: {done.stderr}"
    words = set(value.split())
    told = done.returncode != 0 and "error: " in done.stderr and all(word in done.stderr for word in words)
    assert told or value in arrived(checkout) or words <= arrived(checkout), done.stderr


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(("target", "variable"), VARIABLES)
def test_a_value_given_to_make_is_a_text(hostile: Checkout, target: str, variable: str, value: str) -> None:
    beside = [f"{name}={text}" for name, text in BESIDE.get(variable, {}).items()]
    assert_is_text(hostile, value, make(hostile, target, f"{variable}={value}", *beside))
    (hostile.answers / "arguments").unlink(missing_ok=True)
    (hostile.path / "a.tape.gz").unlink(missing_ok=True)
    assert_is_text(hostile, value, make(hostile, target, *beside, **{variable: value}))


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("target", ["replay", "restore"])
def test_a_file_of_any_name_is_a_file(hostile: Checkout, target: str, value: str) -> None:
    (hostile.path / value).write_text("x")
    done = make(hostile, target, f"FILE={value}", f"TAPE={value}")
    assert not (hostile.answers / "ran").exists(), done.stderr
    assert "there is no file" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", [*SETTINGS, "COMPOSE_PROJECT_NAME"])
def test_a_setting_is_a_text_to_every_command(hostile: Checkout, name: str, value: str) -> None:
    make(hostile, "up", f"{name}={value}")
    make(hostile, "status", **(quiet_ports() | {name: value}))
    assert not (hostile.answers / "ran").exists()


@pytest.mark.parametrize("name", ["MAKEFILE_LIST", "PLACES", "SHELL", "WINDOWS", ".SHELLFLAGS", "spark_given"])
@pytest.mark.parametrize("value", ["x; hostile", "$(shell hostile)", "hostile"])
def test_what_the_makefile_itself_uses_is_no_way_in(hostile: Checkout, name: str, value: str) -> None:
    for goal in ("help", "logs"):
        make(hostile, goal, f"{name}={value}")
        make(hostile, "--environment-overrides", goal, **{name: value})
    assert not (hostile.answers / "ran").exists()


def test_every_variable_of_the_makefile_is_tried() -> None:
    text = (ROOT / "Makefile").read_text()
    used = {word for line in text.splitlines() if line.startswith("\t@bash") for word in line.split('"$$')[1:]}
    tried = {variable for _, variable in VARIABLES}
    assert {word.split('"')[0] for word in used} <= tried
    assert "$(FILE)" not in text
