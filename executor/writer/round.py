"""One batch on its way to the tables, with the works that recorded it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from executor.ledger.append import Append
from executor.timing import StageTimer
from executor.writer.batch import Batch
from executor.writer.checkpoint import Checkpoint
from executor.writer.job import Job
from executor.writer.journal import Journal
from executor.writer.view import View


@dataclass
class BatchRound:
    """A batch with its works.

    batch: what they recorded.
    jobs: the works, in their order.
    journal: the changes of memory that the batch stands for, once it is sealed.
    view: the account as of the batch's end, once it is sealed.
    checkpoint: the same with more, where it was asked for.
    timer: times the append, once it is sent.
    error: why it could not be sent.
    """

    batch: Batch = field(default_factory=Batch)
    jobs: list[Job[Any]] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)
    view: View | None = None
    checkpoint: Checkpoint | None = None
    timer: StageTimer | None = None
    error: BaseException | None = None

    def append(self) -> Append:
        """Returns the batch as the tables take it, once it is sealed."""
        return self.batch.to_append(None if self.view is None else self.view.anchors)
