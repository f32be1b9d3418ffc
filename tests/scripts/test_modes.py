"""A checkout whose files only their owner may read gives images that every container's user can read."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.repo import compose

ROOT = Path(__file__).parents[2]
# What is built: its compose user, the folder in the image, and a file of each depth.
READ = {
    "init": ("10001:10001", ["/init/make_secrets.py", "/init/receivers/render.py", "/common/settings.py"]),
    "prometheus": ("65534:65534", ["/etc/prometheus/prometheus.yml", "/etc/prometheus/rules/market.yml"]),
    "alertmanager": (
        "65534:65534",
        [f"/etc/alertmanager/{name}" for name in ("alertmanager.yml", "templates/messages.tmpl")],
    ),
    "postgres": ("999:999", ["/etc/spark/pg_hba.conf", "/etc/spark/roles.sql", "/usr/local/bin/spark-entrypoint.sh"]),
    "venue": ("10001:10001", ["/app/common/gunicorn.conf.py", "/app/venue/algolab/server.py"]),
}
pytestmark = pytest.mark.engine


def is_here(image: str) -> bool:
    command = ["docker", "image", "inspect", image]
    return bool(shutil.which("docker")) and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is built, as a clone under umask 077 has it."""
    missing = [image for name in READ if not is_here(image := compose.services()[name]["build"]["args"]["BASE_IMAGE"])]
    if missing:
        reason = f"no engine, or not here: {', '.join(missing)}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    place = tmp_path_factory.mktemp("private")
    for folder in ("init", "postgres", "prometheus", "alertmanager", "grafana", "common", "venue"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (place, *place.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return place


def built(place: Path, name: str) -> str:
    """Builds a service's image out of the copy; its tag."""
    build, tag = compose.services()[name]["build"], f"spark-test-modes:{uuid.uuid4().hex[:12]}"
    context = place / build["context"]
    dockerfile = context / build.get("dockerfile", "Dockerfile")
    argument = f"BASE_IMAGE={build['args']['BASE_IMAGE']}"
    command = ["docker", "buildx", "build", "--load", "--build-arg", argument, "-t", tag, "-f", dockerfile, context]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tag


@pytest.mark.parametrize("name", READ)
def test_a_containers_user_reads_what_is_built_into_its_image(private: Path, name: str) -> None:
    user, files = READ[name]
    tag = built(private, name)
    try:
        command = ["docker", "run", "--rm", "--network=none", f"--user={user}", "--entrypoint=cat", tag, *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    finally:
        subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True, check=False)
