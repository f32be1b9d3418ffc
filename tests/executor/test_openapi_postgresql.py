"""The served OpenAPI document is as true on PostgreSQL: the same questions, asked of an executor there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.executor import postgres
from tests.executor.standin import Executor, having_traded
from tests.executor.test_openapi import test_no_answer_is_one_that_the_document_does_not_know, url

__all__ = ["test_no_answer_is_one_that_the_document_does_not_know", "url"]


@pytest.fixture(scope="module")
def door(postgres_server: postgres.Server) -> Iterator[Executor]:
    """The executor whose `url` the questions are asked at."""
    with having_traded(postgres_server.new_place()) as executor:
        yield executor
