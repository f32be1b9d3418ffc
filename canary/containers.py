"""The project's containers as the engine describes them: state, health, restarts.

Only named fields of the engine's answers are read. Everything else is dropped, above all a container's environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import docker
import msgspec
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from canary.observation import Container
from canary.probes.pool import run_all
from common.errors import Unavailable

PROJECT_LABEL = "com.docker.compose.project"
_SERVICE_LABEL = "com.docker.compose.service"
_ONE_OFF_LABEL = "com.docker.compose.oneoff"
_BASE_LABEL = "org.opencontainers.image.base.name"
_REVISION_LABEL = "org.opencontainers.image.revision"
_STANDIN_LABEL = "spark.standin"
MEMORY_SECONDS = 60.0
"""The use of memory moves slowly, and an engine takes up to two seconds to tell that of one container."""
_MEMORY_LASTS_SECONDS = 180.0
_MEMORY_WORKERS = 4
_FAILURES = (
    DockerException,
    RequestException,
    msgspec.ValidationError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)
_SHORT_ID = re.compile(r"[0-9a-f]{12,64}")


class _ContainerRow(msgspec.Struct, frozen=True, rename="pascal"):
    """One row of the engine's list.

    id: the container's id.
    labels: its labels; None when it has none.
    """

    id: str
    labels: dict[str, str] | None = None


class Containers:
    """Reads the containers of one compose project from the engine at `docker_url`.

    An empty `project` stands for the project of the canary's own container, whose id begins with `hostname`.
    """

    def __init__(
        self, docker_url: str | None, project: str, hostname: str, timeout: float, monotonic: Callable[[], float]
    ) -> None:
        self._url = docker_url
        self._project = project
        self._hostname = hostname
        self._timeout = timeout
        self._monotonic = monotonic
        self._origins: dict[str, dict[str, Any]] = {}
        self._memory: dict[str, tuple[float, dict[str, int]]] = {}

    def read(self) -> tuple[Container, ...]:
        """Returns all containers of the project, by service and name. Raises `Unavailable` with the reason."""
        if self._url is None:
            raise Unavailable("SPARK_DOCKER_URL is none: no engine to ask")
        try:
            return self._read(self._url)
        except (DockerException, RequestException) as error:
            raise Unavailable(f"the engine at {self._url} does not answer ({_cause(error)})") from error
        except (msgspec.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"the engine's answer can't be read ({type(error).__name__})") from error

    def read_memory(self) -> float:
        """Asks for the memory of every container, for the next `read`. Returns the seconds until the next time.

        An engine that does not tell it leaves it out.
        """
        if self._url is None:
            return MEMORY_SECONDS
        try:
            with _client(self._url, self._timeout) as engine:
                self._project = self._project or self._own_project(engine)
                listed = _list(engine, {"label": f"{PROJECT_LABEL}={self._project}"})
        except (
            Unavailable,
            DockerException,
            RequestException,
            msgspec.ValidationError,
            KeyError,
            TypeError,
            ValueError,
        ):
            return MEMORY_SECONDS
        jobs = [partial(_memory, self._url, self._timeout, one.id) for one in listed]
        seconds = self._timeout * len(listed)
        results = run_all(jobs, workers=_MEMORY_WORKERS, seconds=seconds, monotonic=self._monotonic)
        now = self._monotonic()
        self._memory = {one.id: (now, found.result or {}) for one, found in zip(listed, results, strict=True)}
        return MEMORY_SECONDS

    def _read(self, url: str) -> tuple[Container, ...]:
        end = self._monotonic() + 2 * self._timeout
        with _client(url, self._timeout) as engine:
            self._project = self._project or self._own_project(engine)
            listed = _list(engine, {"label": f"{PROJECT_LABEL}={self._project}"})
            found = []
            for one in listed:
                if self._monotonic() > end:
                    raise Unavailable(f"the engine at {url} answers too slowly")
                found.append(self._inspect(engine, one.id))
        kept = [container for container in found if container is not None]
        self._origins = {one.image_id: self._origins[one.image_id] for one in kept if one.image_id in self._origins}
        if not kept:
            raise Unavailable(f"the engine knows no container of the project {self._project}")
        return tuple(sorted(kept, key=lambda container: (container.service, container.name)))

    def _inspect(self, engine: docker.APIClient, identity: str) -> Container | None:
        """Returns the container; None for one that is gone by now, or that was run by hand (`docker compose run`)."""
        try:
            seen = engine.inspect_container(identity)
        except NotFound:
            return None
        labels = seen["Config"].get("Labels") or {}
        if labels.get(_ONE_OFF_LABEL) == "True":
            return None
        image_id = seen["Image"]
        if not self._origins.get(image_id):
            self._origins[image_id] = _origin(engine, image_id)
        return msgspec.convert(
            _described(seen, labels) | self._origins[image_id] | self._memory_of(identity), Container
        )

    def _memory_of(self, identity: str) -> dict[str, int]:
        at, told = self._memory.get(identity, (0.0, {}))
        return told if self._monotonic() - at <= _MEMORY_LASTS_SECONDS else {}

    def _own_project(self, engine: docker.APIClient) -> str:
        missing = "SPARK_COMPOSE_PROJECT is not set, and the canary's own container "
        if not _SHORT_ID.fullmatch(self._hostname):
            raise Unavailable(f"{missing}can't be found by the host name {self._hostname}")
        own = [one for one in _list(engine, {}) if one.id.startswith(self._hostname)]
        project = (own[0].labels or {}).get(PROJECT_LABEL) if len(own) == 1 else None
        if not project:
            raise Unavailable(f"{missing}{self._hostname} has no project's label")
        return project


def _client(url: str, timeout: float) -> docker.APIClient:
    """Returns a client that speaks the engine's own version and uses no proxy of the environment."""
    seconds = max(1, round(timeout))
    with docker.APIClient(base_url=url, version=MINIMUM_DOCKER_API_VERSION, timeout=seconds) as first:
        first.trust_env = False
        version = str(first.version(api_version=False)["ApiVersion"])
    client = docker.APIClient(base_url=url, version=version, timeout=seconds)
    client.trust_env = False
    return client


def _list(engine: docker.APIClient, filters: dict[str, Any]) -> list[_ContainerRow]:
    return msgspec.convert(engine.containers(all=True, filters=filters), list[_ContainerRow])


def _described(seen: Any, labels: Any) -> dict[str, Any]:
    name, state, config = seen["Name"].lstrip("/"), seen["State"], seen["Config"]
    return {
        "id": seen["Id"],
        "service": labels.get(_SERVICE_LABEL, name),
        "name": name,
        "state": state["Status"],
        "health": (state.get("Health") or {"Status": None})["Status"],
        "restart_count": seen["RestartCount"],
        "exit_code": state["ExitCode"],
        "image": config["Image"],
        "image_id": seen["Image"],
        "started_at": state["StartedAt"],
        "one_shot": (seen["HostConfig"].get("RestartPolicy") or {}).get("Name", "") in ("", "no"),
    }


def _memory(url: str, timeout: float, identity: str) -> dict[str, int]:
    """Returns the use of memory and its limit; nothing where the engine does not tell them, as for one that is stopped.

    Files that the kernel keeps for the container, and gives away at need, are left out, as `docker stats` does.
    """
    try:
        with _client(url, timeout) as engine:
            told = engine.stats(identity, stream=False, one_shot=True)["memory_stats"]
        files = told.get("stats", {}).get("inactive_file", 0) or told.get("stats", {}).get("total_inactive_file", 0)
        return {"memory_used": max(0, told["usage"] - files), "memory_limit": told["limit"]}
    except _FAILURES:
        return {}


def _origin(engine: docker.APIClient, image_id: str) -> dict[str, Any]:
    """Returns what the image says of itself; nothing for one that is lost. A container's labels could say otherwise."""
    try:
        image = engine.inspect_image(image_id)  # type: ignore[no-untyped-call]
    except NotFound:
        image = {}
    digests, labels = image.get("RepoDigests") or [], (image.get("Config") or {}).get("Labels") or {}
    return {
        "digests": digests,
        "base": labels.get(_BASE_LABEL) or None,
        "revision": labels.get(_REVISION_LABEL) or None,
        "standin": labels.get(_STANDIN_LABEL) == "true",
    }


def _cause(error: Exception) -> str:
    return f"status {error.status_code}" if isinstance(error, APIError) else type(error).__name__
