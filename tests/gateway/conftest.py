"""A gateway for each module, with the settings of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.gateway.rig import IMAGES, Gateway, Place, place


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    for image in (IMAGES["gateway"], IMAGES["python"]):
        there = shutil.which("docker") and subprocess.run(
            ["docker", "image", "inspect", image], capture_output=True, check=False
        )
        if not there or there.returncode != 0:
            reason = f"THE GATEWAY IS NOT TESTED: no engine answers with the image {image}; `make up` gets it"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with place(tmp_path_factory.mktemp("verifiers")) as found:
        yield found


@pytest.fixture(scope="module")
def gateway(doors: Place) -> Iterator[Gateway]:
    with doors.gateway() as running:
        yield running
