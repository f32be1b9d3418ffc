"""`make up` waits for the canary's verdict for as long as it says, whichever command calls it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.scripts.checkout import quiet_ports

ROOT = Path(__file__).parents[2]
DOCKER = """#!/bin/sh
case "$*" in
  "wait "*) echo 0 ;;
  *"config --format json") env | sed -n 's/^\\(SPARK_PORT_[A-Z0-9_]*\\)=\\(.*\\)$/"\\1": "\\2",/p' ;;
  *canary.cli*)
    if [ -e asked ]; then echo "PASS: every condition is met"; else touch asked; echo "FAIL: not yet"; exit 1; fi ;;
esac
"""


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def test_a_caller_whose_clock_began_long_ago_takes_no_time_from_the_wait_for_the_verdict(tmp_path: Path) -> None:
    scripts, tools = tmp_path / "scripts", tmp_path / "tools"
    scripts.mkdir()
    tools.mkdir()
    for name in ("up", "lib", "host", "preflight", "settings", "watch"):
        shutil.copy(ROOT / "scripts" / f"{name}.sh", scripts)
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    script(scripts / "engine.sh", "#!/bin/sh\n")
    script(scripts / "images.sh", '#!/bin/sh\ntouch "$1"\n')
    script(scripts / "table.sh", "#!/bin/sh\necho addresses\n")
    script(tools / "docker", DOCKER)
    done = subprocess.run(
        [scripts / "up.sh"],
        env={"PATH": f"{tools}:{os.environ['PATH']}", "STARTED_AT": "1"} | quiet_ports(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "PASS: every condition is met" in done.stdout
    assert done.stdout.endswith("addresses\n")
