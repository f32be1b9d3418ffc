"""An .env that a Windows editor wrote is read like any other, by the scripts as by Compose."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout, make_checkout

pytestmark = pytest.mark.engine


@pytest.fixture
def real(tmp_path: Path) -> Checkout:
    """A checkout whose docker command is the real one; no engine is asked."""
    checkout = make_checkout(tmp_path)
    (checkout.tools / "docker").unlink()
    if shutil.which("docker") is None:
        pytest.fail("no docker command") if os.environ.get("CI") == "true" else pytest.skip("no docker command")
    return checkout


@pytest.mark.parametrize(
    "content",
    [
        b"SPARK_BIND=::1\nCOMPOSE_PROJECT_NAME=mine\n",
        b"\xef\xbb\xbfSPARK_BIND=::1\r\nCOMPOSE_PROJECT_NAME=mine\r\n",
        b"SPARK_BIND='::1'\nCOMPOSE_PROJECT_NAME=\"mine\"",
        b"# a comment\nexport SPARK_BIND=::1 # of mine\nCOMPOSE_PROJECT_NAME=mine",
    ],
    ids=["plain", "byte order mark and Windows line ends", "quoted", "exported"],
)
def test_settings_are_read_as_compose_reads_them(real: Checkout, content: bytes) -> None:
    (real.path / ".env").write_bytes(content)
    done = real.bash('read_settings SPARK_BIND; echo "$SPARK_BIND $STACK_NAME"')
    assert done.stdout == "::1 mine\n", done.stderr


def test_the_shells_own_setting_goes_before_the_file(real: Checkout) -> None:
    (real.path / ".env").write_text("SPARK_BIND=::1\n")
    said = real.bash('read_settings SPARK_BIND; echo "$SPARK_BIND"', SPARK_BIND="10.0.0.1").stdout
    assert said == "10.0.0.1\n"


def test_without_a_name_the_stack_is_unnamed(real: Checkout) -> None:
    assert real.bash('read_settings SPARK_BIND; [ "$STACK_NAME" = "$UNNAMED" ] && echo unnamed').stdout == "unnamed\n"


@pytest.mark.parametrize("content", ["COMPOSE_PROJECT_NAME=Bad Name\n", "what is this\n", 'SPARK_BIND="open\n'])
def test_a_file_that_compose_refuses_is_told_in_one_sentence(real: Checkout, content: str) -> None:
    (real.path / ".env").write_text(content)
    done = real.bash("read_settings SPARK_BIND")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the settings can't be read: ")
