"""A verifier tells whether a caller has the token; it opens nothing by itself, and an empty one nothing at all."""

from __future__ import annotations

import hashlib

import pytest

from common.verifier import proves, verifier_of
from init import make_secrets

TOKEN = "ünlü-token"


def test_the_token_proves_itself() -> None:
    assert verifier_of(TOKEN) == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert proves(TOKEN, verifier_of(TOKEN))


@pytest.mark.parametrize("presented", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), verifier_of(TOKEN)])
def test_nothing_else_does(presented: str) -> None:
    assert not proves(presented, verifier_of(TOKEN))


@pytest.mark.parametrize("presented", ["", "x", TOKEN])
def test_an_empty_verifier_is_proved_by_nothing(presented: str) -> None:
    assert not proves(presented, "")


def test_an_empty_token_proves_nothing_though_it_has_a_sum() -> None:
    assert not proves("", verifier_of(""))


def test_init_derives_what_the_services_compare_with() -> None:
    """The container that makes secrets holds none of the services' code, so that it has a line of its own for this."""
    assert make_secrets.verifier_of(TOKEN) == verifier_of(TOKEN)
