"""A copy of the scripts in a folder of its own, and a docker command that answers from files."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.repo import compose

ROOT = Path(__file__).parents[2]
SETTINGS_OF: dict[str, str] = dict(
    pair.split(":") for pair in re.findall(r'SETTINGS_OF="(.*)"', (ROOT / "scripts/settings.sh").read_text())[0].split()
)
"""The services that `make up` asks for their settings, with their packages."""
SOURCED = ("lib", "host", "preflight", "build", "settings", "watch", "table")
DOCKER = r"""#!/bin/bash
label=$(sed -n 's/.*label=com.docker.compose.project=\([^ ]*\).*/\1/p' <<<"$*")
case "$*" in
  *"context inspect"*) echo "${DOCKER_HOST:-unix:///var/run/docker.sock}" ;;
  info*) [ -z "$DEAF" ] || [ "$DOCKER_HOST" = "$HEARS" ] ;;
  "compose version"*) echo 2.40.0 ;;
  "ps --filter publish="*) cat "$ANSWERS/published-${3#publish=}" 2>/dev/null ;;
  "ps "*) cat "$ANSWERS/containers-$label" 2>/dev/null ;;
  "volume ls"*) cat "$ANSWERS/volumes-$label" 2>/dev/null ;;
  "volume inspect"*) exit 1 ;;
  "volume create"*) echo "$*" >>"$ANSWERS/created" ;;
  inspect*) cat "$ANSWERS/states" ;;
  logs*) cat "$ANSWERS/logs-${!#}" ;;
  port*) cat "$ANSWERS/ports-${!#}" ;;
  *"--format json"*)
    echo "  \"name\": \"${COMPOSE_PROJECT_NAME:-no-name-is-set}\","
    for name in $(grep -o 'SPARK_[A-Z0-9_]*:' | tr -d : | sort -u); do echo "        \"$name\": \"${!name}\","; done ;;
esac
exit
"""


@dataclass
class Checkout:
    """A folder with the scripts. `answers` holds what the docker command says, a file for each question."""

    path: Path
    tools: Path
    answers: Path

    def bash(self, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs shell text after the scripts that up.sh sources."""
        sourced = "".join(f". scripts/{name}.sh\n" for name in SOURCED)
        inherited = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
        given = {"PATH": f"{self.tools}:{os.environ['PATH']}", "ANSWERS": str(self.answers), "WORK": str(self.answers)}
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{sourced}{text}"],
            cwd=self.path,
            env=inherited | given | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def answer(self, question: str, *lines: str) -> None:
        (self.answers / question).write_text("".join(f"{line}\n" for line in lines))


def quiet_ports() -> dict[str, str]:
    """A port for each published one that nothing listens on. They are below those that the system gives away by itself,
    so that none is taken while a test runs."""
    settings = [compose.port_setting(door) for door in compose.doors()]
    return dict(zip(settings, map(str, random.sample(range(12_000, 30_000), len(settings))), strict=True))


def make_checkout(place: Path, folder: str = "spark") -> Checkout:
    """A checkout at `place`/`folder`."""
    path, tools, answers = place / folder, place / "tools", place / "answers"
    for each in (path, tools, answers):
        each.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "scripts", path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docker-compose.yml", ".dockerignore"):
        shutil.copy(ROOT / name, path)
    # Nothing may be installed by a test: the command that would do so fails.
    for name, text in (("docker", DOCKER), ("apt-get", "#!/bin/sh\nexit 1\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return Checkout(path, tools, answers)
