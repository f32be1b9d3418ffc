"""Runs promtool, amtool and alertmanager out of the very images that the stack runs."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.yaml_file import parsed

ROOT = Path(__file__).parents[2]
MOUNTED = ("prometheus", "alertmanager", "tests/rules")
LONGEST_SECONDS = 1_200
"""The time for one run of a tool: that of all edges of the service levels is long on a busy machine."""

Tool = Callable[..., "subprocess.CompletedProcess[str]"]


def _unavailable(reason: str) -> None:
    """A desk without an engine goes on without these tests, loudly; a build does not."""
    sentence = f"THE ALERTS ARE NOT TESTED: {reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def _image_of(service: str) -> str:
    image: str = parsed(ROOT / "docker-compose.yml")["x-images"][service]
    try:
        subprocess.run(["docker", "info"], capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        _unavailable("no container engine answers")
    there = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)
    if there.returncode != 0:
        _unavailable(f"the image {image} is not here; `make up` gets it")
    return image


def _tool(image: str, binary: str) -> Tool:
    def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        mounts = [f"--volume={ROOT / name}:/repository/{name}:ro" for name in MOUNTED]
        if folder:
            mounts.append(f"--volume={folder}:/folder:ro")
        options = ["--rm", "--network=none", f"--user={os.getuid()}:{os.getgid()}", "--workdir=/repository", *mounts]
        return subprocess.run(
            ["docker", "run", *options, f"--entrypoint={binary}", image, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )

    return run


@pytest.fixture(scope="session")
def prometheus_image() -> str:
    return _image_of("prometheus")


@pytest.fixture(scope="session")
def alertmanager_image() -> str:
    return _image_of("alertmanager")


@pytest.fixture(scope="session")
def promtool(prometheus_image: str) -> Tool:
    return _tool(prometheus_image, "/bin/promtool")


@pytest.fixture(scope="session")
def amtool(alertmanager_image: str) -> Tool:
    return _tool(alertmanager_image, "/bin/amtool")
