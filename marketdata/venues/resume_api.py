"""The HTTP call by which an operator resumes a feed that stopped, or that waits before its next dial."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flask import Blueprint, Response

from common.errors import NotFound
from common.ops import answer, require_token
from common.query import refuse_body
from marketdata.venues.venue import Venue

log = logging.getLogger(__name__)

LONGEST_SHOWN = 64


def routes(venues: Sequence[Venue], operator_verifier: str) -> Blueprint:
    """Returns the call, which needs the operator's token."""
    api, known = Blueprint("resume", __name__, url_prefix="/v1/feeds"), {venue.name: venue for venue in venues}

    @api.post("/<venue>/resume")
    def resume(venue: str) -> Response:
        """Dials at once, as far as the guard of dials allows, and answers the feed's row. An open feed stays."""
        require_token(operator_verifier)
        refuse_body()
        found = known.get(venue)
        if found is None:
            shown = venue[:LONGEST_SHOWN]
            raise NotFound(f"there is no feed {shown!r}: GET /v1/feeds lists the known ones", venue=shown)
        log.info("an operator resumes the feed", extra={"venue": venue})
        found.resume()
        return answer(found.row())

    return api
