"""A writer that is killed at any moment leaves a folder that the next write goes on with: no gap and no fork."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from canary.chainfolder import ChainFolder
from canary.evidence import EvidenceStore
from canary.keys import CannotSign, KeyFile
from canary.trust import trust_of_file
from canary.verifying.folder import check_folder
from tests.canary.build import NOW
from tests.canary.keys import key_file
from tests.canary.packages import draft

ROOT = Path(__file__).parents[2]
AT = NOW + timedelta(hours=5)
KILLED = """
import os, shutil, signal, sys
from datetime import timedelta
from pathlib import Path
from canary.chainfolder import ChainFolder
from canary.evidence import EvidenceStore
from canary.keys import KeyFile
from tests.canary.build import NOW
from tests.canary.packages import draft
what, full, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
about, at = draft(), NOW + timedelta(hours=4)

def killed_before(last):
    folder, key = target / str(last) / "evidence", target / str(last) / "evidence-key"
    shutil.copytree(full, folder)
    shutil.copytree(full.with_name("evidence-key"), key)
    seen = 0
    def hook(event, arguments):
        nonlocal seen
        if event in ("os.rename", "os.remove", "os.mkdir", "os.chmod") or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        ):
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    if what == "write":
        EvidenceStore(folder, key / "key.pem", most_packages=3).write(about, at)
    else:
        ChainFolder(folder, KeyFile(key / "key.pem")).rotate(at)

step, status = 0, -signal.SIGKILL
while status == -signal.SIGKILL:
    step += 1
    child = os.fork()
    if child == 0:
        killed_before(step)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(step - 1 if status == 0 else f"status {status}")
"""


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with as many packages as it may have, so that a write also removes one."""
    folder = tmp_path_factory.mktemp("full") / "evidence"
    folder.mkdir()
    store = EvidenceStore(folder, key_file(folder), most_packages=3)
    for hour in range(3):
        store.write(draft(), NOW + timedelta(hours=hour))
    return folder


def copied(full: Path, target: Path) -> tuple[Path, Path]:
    shutil.copytree(full, target / "evidence")
    shutil.copytree(full.with_name("evidence-key"), target / "evidence-key")
    return target / "evidence", target / "evidence-key/key.pem"


def killed(what: str, full: Path, target: Path) -> int:
    """Runs a writer again and again, each time in a copy of the folder; a signal ends it before its first, second …

    step that changes a file. The copies are in folders of `target` with the step's number. Returns the last one.
    """
    done = subprocess.run(
        [sys.executable, "-c", KILLED, what, str(full), str(target)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_write_that_is_killed_at_any_step_is_finished_or_undone_by_the_next(full: Path, tmp_path: Path) -> None:
    count = killed("write", full, tmp_path)
    assert count >= 10
    for step in range(1, count + 1):
        folder = tmp_path / str(step) / "evidence"
        assert check_folder(folder, None, None).faults == (), f"killed at step {step}"
        store = EvidenceStore(folder, key_file(folder), most_packages=3)
        store.write(draft(), AT)
        found = check_folder(folder, trust_of_file(store.chain.trust_file(AT)), None)
        assert found.faults == (), f"killed at step {step}"
        assert not list(folder.glob(".pending-*"))
        assert len(store.packages()) == 3


def test_a_rotation_that_is_killed_at_any_step_leaves_a_key_that_goes_on(full: Path, tmp_path: Path) -> None:
    count = killed("rotate", full, tmp_path)
    assert count >= 3
    used = set()
    for step in range(1, count + 1):
        folder = tmp_path / str(step) / "evidence"
        store = EvidenceStore(folder, key_file(folder))
        assert store.trouble() is None, f"killed at step {step}"
        store.write(draft(), AT)
        found = check_folder(folder, trust_of_file(store.chain.trust_file(AT)), None)
        assert found.faults == (), f"killed at step {step}"
        used.add(len(store.chain.trust().roots))
    assert used == {1, 2}, "before the chain names the new key the old one signs, then the new one"


def test_a_key_that_the_chain_does_not_name_signs_nothing(full: Path, tmp_path: Path) -> None:
    folder, _ = copied(full, tmp_path)
    other = key_file(tmp_path / "another", "another")
    store = EvidenceStore(folder, other)
    assert "but the chain goes on with another one" in (store.trouble() or "")
    with pytest.raises(CannotSign, match="put the right key back"):
        store.write(draft(), AT)
    assert check_folder(folder, None, None).packages == 3


def test_a_chain_whose_root_was_damaged_is_not_gone_on_with(full: Path, tmp_path: Path) -> None:
    folder, key = copied(full, tmp_path)
    root = folder / "chain/00000000.root.json"
    root.unlink()
    root.write_bytes(b"{}")
    chain = ChainFolder(folder, KeyFile(key))
    assert (chain.trouble() or "").startswith("the chain can't be gone on with: chain/00000000.root.json: ")
