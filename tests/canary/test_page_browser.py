"""A browser that is missing, broken or silent makes no verdict about the page, and nothing of it is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from canary.page.chromium import Chromium, NoAnswer, NoBrowser

ROOT = Path(__file__).parents[2]


def program(folder: Path, text: str) -> str:
    path = folder / "chromium"
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o700)
    return str(path)


def look(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs the command where no browser is found by its name and temporary files are in `folder`."""
    (folder / "temporary").mkdir()
    command = [sys.executable, "-m", "canary.page", "http://127.0.0.1:9/", str(folder / "evidence"), *options]
    environment = {"PATH": str(folder / "none"), "TMPDIR": str(folder / "temporary")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(sys.platform == "darwin", reason="Chrome may be installed where no PATH leads")
def test_without_a_browser_the_command_says_what_to_install(tmp_path: Path) -> None:
    done = look(tmp_path)
    assert done.returncode == 2
    assert "INCONCLUSIVE: no browser is here (looked for chromium, " in done.stderr
    assert "install Chromium" in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import sys; sys.exit('No usable sandbox!')", "it said: No usable sandbox!"),
        ("import os; os.write(4, b'nonsense\\0'); input()", "the browser answered in an unknown form"),
        ('import os; os.read(3, 9); os.write(4, b\'{"id": 1, "error": {"message": "no"}}\\0\')', "refused Target"),
    ],
)
def test_a_broken_browser_is_inconclusive_and_leaves_nothing(tmp_path: Path, text: str, told: str) -> None:
    done = look(tmp_path, "--browser", program(tmp_path, text))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "evidence").exists()


def test_a_silent_browser_is_waited_for_until_the_deadline_and_then_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    text = f"import os, signal; open('{pid}', 'w').write(str(os.getpid()))\nwhile os.read(3, 999): pass"
    with Chromium(program(tmp_path, text), time.monotonic() + 2) as browser, pytest.raises(NoAnswer):
        browser.ask("Target.getTargets")
    assert not Path(f"/proc/{pid.read_text()}").exists()


def test_events_that_come_in_one_piece_with_an_answer_are_kept_before_and_behind_it(tmp_path: Path) -> None:
    pieces = b'{"method": "first"}\0{"id": 1, "result": {"a": 1}}\0{"method": "second"}\0{"method": "th'
    text = f"import os; os.read(3, 999); os.write(4, {pieces!r}); os.read(3, 999)\n"
    text += """os.write(4, b'ird"}\\0{"id": 2, "result": {}}\\0'); input()"""
    with Chromium(program(tmp_path, text), time.monotonic() + 20) as browser:
        assert browser.ask("Target.getTargets") == {"a": 1}
        browser.ask("Target.getTargets")
        assert [event["method"] for event in browser.events] == ["first", "second", "third"]


def test_root_alone_goes_without_the_sandbox(tmp_path: Path) -> None:
    told = tmp_path / "arguments"
    text = f"import sys; open('{told}', 'w').write(' '.join(sys.argv))"
    with Chromium(program(tmp_path, text), time.monotonic() + 20) as browser, pytest.raises(NoBrowser):
        browser.ask("Target.getTargets")
    assert ("--no-sandbox" in told.read_text()) is (os.geteuid() == 0)
