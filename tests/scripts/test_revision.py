"""The commit that images are built from is told with `-dirty` when a file that counts is another than the commit's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scripts.checkout import ROOT, Checkout

ASK = "use_revision; echo $SPARK_REVISION"


def git(place: Path, *arguments: str) -> str:
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", *names, *arguments], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(place: Path) -> str:
    git(place, "init", "--quiet")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "All")
    return git(place, "rev-parse", "HEAD")


@pytest.fixture
def committed(checkout: Checkout) -> tuple[Checkout, str]:
    """A checkout whose files are all committed, and its commit."""
    for name in (".dockerignore", ".gitignore"):
        shutil.copy(ROOT / name, checkout.path)
    for name in ("web/app.py", "common/wire.py", "init/make.py", "README.md"):
        write(checkout.path / name, name)
    return checkout, commit(checkout.path)


def hidden(flag: str) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        git(place, "update-index", flag, "web/app.py")
        write(place / "web/app.py", "other")

    return change


CHANGES: dict[str, Callable[[Path], object]] = {
    "a source": lambda it: write(it / "web/app.py", "other"),
    "a source of the same size and time": lambda it: same_time(it / "web/app.py", "web/ppa.py"),
    "a source that git was told to overlook": hidden("--assume-unchanged"),
    "a source that git was told to skip": hidden("--skip-worktree"),
    "a source that is gone": lambda it: (it / "common/wire.py").unlink(),
    "a mode": lambda it: (it / "web/app.py").chmod(0o755),
    "a file that git knows": lambda it: write(it / "README.md", "other"),
    "a new source": lambda it: write(it / "common/new/part.py", ""),
    "a new source that git ignores": lambda it: write(it / "web/a.tape.gz", ""),
    "a new source of a folder with a context of its own": lambda it: write(it / "init/more.py", ""),
    "a staged source": lambda it: staged(it, "web/app.py"),
}


def staged(place: Path, name: str) -> None:
    write(place / name, "other")
    git(place, "add", name)


def same_time(path: Path, text: str) -> None:
    times = path.stat()
    path.write_text(text)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_clean_tree_is_its_commit(committed: tuple[Checkout, str]) -> None:
    checkout, sha = committed
    for name in ("notes.txt", "tests/test_new.py", "web/__pycache__/app.cpython-313.pyc", "web/old.pyc"):
        write(checkout.path / name, "")
    git(checkout.path, "rm", "--quiet", "--cached", "web/app.py")
    done = checkout.bash(ASK)
    assert (done.stdout, done.stderr) == (f"{sha}\n", "")


@pytest.mark.parametrize("change", CHANGES)
def test_a_tree_that_differs_is_dirty(committed: tuple[Checkout, str], change: str) -> None:
    checkout, sha = committed
    CHANGES[change](checkout.path)
    assert checkout.bash(ASK).stdout == f"{sha}-dirty\n"


def test_asking_changes_nothing_in_the_repository(committed: tuple[Checkout, str]) -> None:
    checkout, _ = committed
    write(checkout.path / "web/app.py", "other")
    before = {path: path.stat().st_mtime_ns for path in (checkout.path / ".git").rglob("*") if path.is_file()}
    checkout.bash(ASK)
    objects = [path for path in (checkout.path / ".git").rglob("*") if path.is_file()]
    assert set(objects) == set(before)
    assert (checkout.path / ".git/index").stat().st_mtime_ns == before[checkout.path / ".git/index"]


def test_nobody_else_names_the_commit(committed: tuple[Checkout, str], tmp_path: Path) -> None:
    checkout, sha = committed
    other = tmp_path / "other"
    write(other / "a", "a")
    commit(other)
    given = {"SPARK_REVISION": "0" * 40, "GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}
    assert checkout.bash(ASK, **given).stdout == f"{sha}\n"


def test_a_folder_inside_another_repository_has_no_commit(checkout: Checkout, tmp_path: Path) -> None:
    shutil.copy(ROOT / ".dockerignore", checkout.path)
    commit(tmp_path)
    assert checkout.bash(ASK, SPARK_REVISION="0" * 40).stdout == "unknown\n"


def test_without_git_the_commit_is_unknown(committed: tuple[Checkout, str]) -> None:
    checkout, _ = committed
    (checkout.tools / "git").write_text("#!/bin/sh\nexit 127\n")
    (checkout.tools / "git").chmod(0o755)
    assert checkout.bash(ASK).stdout == "unknown\n"


def test_a_program_that_the_repository_names_is_not_run(committed: tuple[Checkout, str]) -> None:
    checkout, sha = committed
    write(checkout.path / ".git/ran.sh", f"#!/bin/sh\ntouch '{checkout.answers}/ran'\n")
    (checkout.path / ".git/ran.sh").chmod(0o755)
    git(checkout.path, "config", "core.fsmonitor", str(checkout.path / ".git/ran.sh"))
    (checkout.path / ".git/hooks").mkdir(exist_ok=True)
    shutil.copy(checkout.path / ".git/ran.sh", checkout.path / ".git/hooks/post-index-change")
    assert checkout.bash(ASK).stdout == f"{sha}\n"
    assert not (checkout.answers / "ran").exists()
