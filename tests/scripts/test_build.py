"""Images are built and settings are read anew when anything that they depend on has changed, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout

DOCKER = r"""#!/bin/bash
case "$*" in
  "compose config --images"*) printf 'mine-web\nmine-init\n' ;;
  "image inspect"*mine-web*) cat "$ANSWERS/built" ;;
  "image inspect"*) cat "$ANSWERS/pinned"; exit 1 ;;
esac
"""
BUILT, PINNED = ("sha256:web", "sha256:init"), ("sha256:python",)
ASK = "if unchanged web init; then echo same; else echo other; fi"


@pytest.fixture
def remembered(checkout: Checkout) -> Checkout:
    """A checkout whose last start made two images; the one of a pinned image can't be had."""
    (checkout.tools / "docker").write_text(DOCKER)
    (checkout.path / ".dockerignore").write_text("*\n!web\n!common\n**/__pycache__\n")
    for name in ("web/app.py", "common/wire.py", "init/make.py", "README.md"):
        write(checkout.path / name, name)
    contexts = [f"      context: {checkout.path}{folder}" for folder in ("", "", "/init")]
    checkout.answer("stack", "name: mine", *contexts, "      PORT: '1'")
    checkout.answer("built", *BUILT)
    checkout.answer("pinned", *PINNED)
    assert checkout.bash(ASK).stdout == "other\n"
    done = checkout.bash(f"remember web init; {ASK}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "same\n", "")
    return checkout


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


CHANGES: dict[str, Callable[[Checkout], object]] = {
    "a source": lambda it: write(it.path / "web/app.py", "other"),
    "a source of a folder with a context of its own": lambda it: write(it.path / "init/make.py", "other"),
    "a new source": lambda it: write(it.path / "common/new/part.py", ""),
    "a source of another name": lambda it: (it.path / "web/app.py").rename(it.path / "web/main.py"),
    "a source that is gone": lambda it: (it.path / "common/wire.py").unlink(),
    "the folders that enter": lambda it: write(it.path / ".dockerignore", "*\n!web\n"),
    "a setting": lambda it: it.answer("stack", *(it.answers / "stack").read_text().splitlines(), "      MORE: '1'"),
    "an image that was built otherwise": lambda it: it.answer("built", "sha256:other", BUILT[1]),
    "an image that is gone": lambda it: (it.answers / "built").unlink(),
    "a pinned image": lambda it: it.answer("pinned", "sha256:newer"),
    "what was remembered": lambda it: write(it.path / ".built", ""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_anything_that_a_start_is_made_of_is_seen(
    remembered: Checkout, change: Callable[[Checkout], object]
) -> None:
    change(remembered)
    assert remembered.bash(ASK).stdout == "other\n"


def test_what_enters_no_image_changes_nothing(remembered: Checkout) -> None:
    write(remembered.path / "README.md", "other")
    write(remembered.path / "web/__pycache__/app.pyc", "")
    write(remembered.path / "tests/test_app.py", "")
    assert remembered.bash(ASK).stdout == "same\n"


def test_a_sum_that_can_t_be_kept_costs_a_build_and_no_start(remembered: Checkout) -> None:
    (remembered.path / ".built").unlink()
    (remembered.path / ".built").mkdir()
    done = remembered.bash(f"remember web init; {ASK}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "other\n", "")


def test_a_sum_that_can_t_be_made_is_not_kept(remembered: Checkout) -> None:
    (remembered.answers / "built").unlink()
    assert remembered.bash("remember web init").returncode == 0
    assert not (remembered.path / ".built").exists()


def test_a_system_without_sha256sum_uses_what_macos_has(remembered: Checkout) -> None:
    (remembered.tools / "shasum").write_text('#!/bin/sh\nshift 2\nexec sha256sum "$@"\n')
    (remembered.tools / "shasum").chmod(0o755)
    without = 'have() { [ "$1" != sha256sum ] && command -v "$1" >/dev/null; }\n'
    assert remembered.bash(f"{without}remember web init; {ASK}").stdout == "same\n"
    write(remembered.path / "web/app.py", "other")
    assert remembered.bash(without + ASK).stdout == "other\n"


def test_settings_are_read_in_the_images_that_were_built_just_now(checkout: Checkout) -> None:
    checkout.answer("stack", "    pull_policy: build", "    pull_policy: never", "      PULL: 'pull_policy: build'")
    checkout.bash("check_settings")
    assert (checkout.answers / "stack-built").read_text().splitlines() == [
        "    pull_policy: missing",
        "    pull_policy: never",
        "      PULL: 'pull_policy: build'",
    ]
