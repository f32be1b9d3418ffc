"""This stack's own containers and images: what belongs to another project does not exist here."""

from __future__ import annotations

import re
from typing import Any

from common import wire
from common.errors import NotFound, Unavailable
from window.engine import EngineSocket
from window.shown import CONTAINER, IMAGE, NUMBER_LABEL, PROJECT_LABEL, ROW, STATS, VERSION, labels_of, shown

_ID = re.compile(r"[0-9a-f]{12,64}")
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")


class Project:
    """The compose project that the window's own container belongs to."""

    def __init__(self, engine: EngineSocket, hostname: str) -> None:
        """`hostname` is that of the own container: the beginning of its id."""
        self._engine, self._hostname, self._name = engine, hostname, ""

    @property
    def name(self) -> str:
        """The project's name, as the own container's label has it. Raises `Unavailable`."""
        if not self._name:
            self._name = self._own_label()
        return self._name

    def version(self) -> dict[str, Any]:
        """Returns the engine's version. Raises `Unavailable`."""
        return shown(self._engine.ask("/version"), VERSION)

    def containers(self) -> list[dict[str, Any]]:
        """Returns a row for each container of the project, running or not. Raises `Unavailable`."""
        wanted = wire.encode({"label": [f"{PROJECT_LABEL}={self.name}"]}).decode()
        found = self._engine.ask("/containers/json", all="true", filters=wanted)
        if not isinstance(found, list):
            raise Unavailable("the container engine's list can't be read")
        return [shown(row, ROW) for row in found if self._is_own(row)]

    def container(self, identity: str) -> dict[str, Any]:
        """Returns one container. Raises `NotFound`, for that of another project too, and `Unavailable`."""
        missing = NotFound("there is no such container in this project")
        if not _ID.fullmatch(identity):
            raise missing
        try:
            found = self._engine.ask(f"/containers/{identity}/json")
        except NotFound:
            raise missing from None
        if not isinstance(found, dict) or not self._is_own(found.get("Config")):
            raise missing
        return shown(found, CONTAINER)

    def stats(self, identity: str) -> dict[str, Any]:
        """Returns the use of memory of one container now. Raises `NotFound` as above, and `Unavailable`."""
        identity = str(self.container(identity).get("Id"))
        try:
            found = self._engine.ask(f"/containers/{identity}/stats", stream="false", **{"one-shot": "true"})
        except NotFound:
            raise NotFound("there is no such container in this project") from None
        return shown(found, STATS)

    def image(self, identity: str) -> dict[str, Any]:
        """Returns an image that a container of the project has. Raises `NotFound` for any other, and `Unavailable`."""
        missing = NotFound("no container of this project has such an image")
        if not _IMAGE_ID.fullmatch(identity):
            raise missing
        if not any(row.get("ImageID") == identity for row in self.containers()):
            raise missing
        try:
            return shown(self._engine.ask(f"/images/{identity}/json"), IMAGE)
        except NotFound:
            raise missing from None

    def trouble(self) -> str | None:
        """Returns None when the engine answers and the project is known, else the reason."""
        try:
            self.containers()
        except Unavailable as error:
            return error.message
        return None

    def _is_own(self, labelled: Any) -> bool:
        """Returns true for the labels of a container that Compose made for this project."""
        labels = labels_of(labelled)
        return labels.get(PROJECT_LABEL) == self.name and NUMBER_LABEL in labels

    def _own_label(self) -> str:
        missing = Unavailable(f"the window's own container {self._hostname} has no project's label")
        if not _ID.fullmatch(self._hostname):
            raise missing
        try:
            found = self._engine.ask(f"/containers/{self._hostname}/json")
        except NotFound:
            raise missing from None
        label = labels_of(found.get("Config")).get(PROJECT_LABEL) if isinstance(found, dict) else None
        if not isinstance(label, str) or not label:
            raise missing
        return label
