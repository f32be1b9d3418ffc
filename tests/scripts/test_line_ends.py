"""A checkout has Unix line ends whatever git is told; one that has Windows' all the same is refused by make."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.repo.tree import ROOT, paths
from tests.scripts.checkout import Checkout


@pytest.mark.parametrize("setting", ["core.autocrlf=true", "core.eol=crlf"])
def test_a_clone_has_unix_line_ends_whatever_git_is_told(tmp_path: Path, setting: str) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in (".gitattributes", "Makefile", "scripts/up.sh", "docker-compose.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    who = ["-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    subprocess.run(["git", "-C", tmp_path, *who, "commit", "-qm", "x"], check=True)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "-c", setting, tmp_path, clone], check=True)
    assert b"\r" not in b"".join(file.read_bytes() for file in clone.rglob("*.sh"))
    assert b"\r" not in (clone / "Makefile").read_bytes()


def test_every_binary_kind_is_named_so_that_git_leaves_it_alone() -> None:
    lines = (ROOT / ".gitattributes").read_text().splitlines()
    marked = [line.split()[0] for line in lines if line.endswith(" binary")]
    for path in paths():
        if b"\0" in (ROOT / path).read_bytes():
            assert f"*{path.suffix}" in marked, path


@pytest.mark.parametrize(
    "broken", ["scripts/*.sh", "Makefile", "scripts/lib.sh", "docker-compose.yml", "any/Dockerfile"]
)
@pytest.mark.parametrize("command", ["help", "up", "clean"])
def test_a_checkout_with_windows_line_ends_is_refused_in_one_sentence(
    checkout: Checkout, broken: str, command: str
) -> None:
    shutil.copy(ROOT / "Makefile", checkout.path)
    (checkout.path / "any").mkdir()
    (checkout.path / "any/Dockerfile").write_text("FROM scratch\n")
    for file in checkout.path.glob(broken):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MA")}
    done = subprocess.run(["make", command], cwd=checkout.path, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "has Windows line ends (CRLF)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
