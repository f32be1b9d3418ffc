"""The HTTP client of the services: pooled, thread-safe, with a deadline, typed answers and typed failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import urllib3

from common.codec import read
from common.errors import InvalidRequest, Unavailable

T = TypeVar("T")


class JsonClient:
    """Asks one service.

    base_url: the service's address, without a trailing slash.
    timeout: seconds that connecting and each read may take.
    headers: sent with every request.
    """

    def __init__(self, base_url: str, timeout: float, *, headers: Mapping[str, str] | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=8,
            retries=False,
            timeout=urllib3.Timeout(total=timeout),
            headers=dict(headers or {}),
        )

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Returns status, body and headers of any answer. Raises `Unavailable` when there is no answer."""
        sent = {**self._pool.headers, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            answer = self._pool.request(method, self.base_url + path, body=body, headers=sent, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(
                f"{self.base_url} does not answer ({type(error).__name__})", service=self.base_url
            ) from error
        return answer.status, answer.data, answer.headers

    def get(self, path: str, kind: type[T]) -> T | None:
        """Returns the answer as `kind`, None for 404. Raises `Unavailable` for other statuses and unreadable bodies."""
        status, body, _ = self.request("GET", path)
        if status == 404:
            return None
        if status != 200:
            raise Unavailable(f"{self.base_url}{path} answered {status}", service=self.base_url, answered=status)
        try:
            return read(kind, body)
        except InvalidRequest as error:
            raise Unavailable(
                f"{self.base_url}{path} answered what can't be read: {error.message}", service=self.base_url
            ) from error
