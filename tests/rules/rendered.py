"""Renders configurations out of settings, and asks the tools of Alertmanager's image about them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from init.receivers import render
from init.receivers.names import Receiver
from init.receivers.settings import Settings
from tests.init.receivers import keep_secrets

ROOT = Path(__file__).parents[2]
BASE = (ROOT / "alertmanager/alertmanager.yml").read_text()
IN_IMAGE = ROOT / "alertmanager"


def write(folder: Path, given: dict[str, str], secrets: dict[Receiver, str] | None = None) -> Path:
    """Renders into a folder, with the secrets in a folder inside it; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings.from_environment(given, keep_secrets(folder / "secrets", secrets))
    render.write(folder, BASE, settings)
    return folder


def tool(image: str, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell script in the image, with the folder at /live and the product's files at their place."""
    volumes = [f"--volume={folder}:/live", f"--volume={IN_IMAGE}:/etc/alertmanager:ro"]
    options = ["--rm", "--network=none", f"--user={os.getuid()}:{os.getgid()}", *volumes, "--entrypoint=sh"]
    return subprocess.run(
        ["docker", "run", *options, image, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )


def texts(image: str, folder: Path, names: list[str], data: dict[str, Any]) -> dict[str, str]:
    """The texts as Alertmanager makes them of a message's data; `folder` holds a rendered configuration."""
    (folder / "data.json").write_text(json.dumps(data))
    globs = "--template.glob='/etc/alertmanager/templates/*.tmpl' --template.glob=/live/words.tmpl"
    script = "set -e\n" + "".join(
        f"amtool template render {globs} --template.data=/live/data.json "
        f"--template.text='{{{{ template \"spark.{name}\" . }}}}' >/live/{name}.txt\n"
        for name in names
    )
    done = tool(image, folder, script)
    assert done.returncode == 0, done.stderr
    return {name: (folder / f"{name}.txt").read_text() for name in names}
