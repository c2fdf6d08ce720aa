"""The way of one request through the stages: times, confidences, and where it failed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from graphrec.nlu.result import Intent, Step

FailedAt: TypeAlias = Literal["none", "input", "intent", "slots", "link", "query", "rank"]
_CLASS: dict[str, FailedAt] = {
    "open": "input", "read": "input", "dialogue": "input", "intent": "intent", "slots": "slots", "link": "link",
    "query": "query", "relax": "query", "preferences": "slots", "rank": "rank", "action": "rank", "render": "rank",
}  # fmt: skip
_MAX_DETAIL = 200


@dataclass(slots=True)
class Trace:
    """Steps of one request, in order; for one thread.

    Args:
        intent: what the request was taken for.
        steps: finished stages.
        stage: the stage being worked on, for whoever has to say where an error came from.
    """

    intent: Intent | None = None
    steps: list[Step] = field(default_factory=list)
    stage: str = "read"
    _failed: FailedAt | None = None
    _started: float = field(default_factory=time.perf_counter)

    @contextmanager
    def step(self, stage: str) -> Iterator[StepNotes]:
        """Time a stage; what the notes hold at its end becomes its step."""
        before, self.stage = self.stage, stage
        notes, started = StepNotes(), time.perf_counter()
        try:
            yield notes
        except BaseException as error:
            notes.fail(str(error) or type(error).__name__)
            raise
        else:
            self.stage = before
        finally:
            self.add(
                Step(
                    stage, (time.perf_counter() - started) * 1e3, notes.confidence, notes.failed, notes.detail
                )
            )

    def add(self, step: Step) -> None:
        """Append a finished step; the first that failed names the class of the failure."""
        self.steps.append(step)
        if step.failed and self._failed is None:
            self._failed = _CLASS.get(step.stage, "rank")

    def fail(self, stage: str, detail: str) -> None:
        """A step that took no time and in which the request came to grief."""
        self.add(Step(stage, failed=True, detail=detail))

    def extend(self, steps: Sequence[Step]) -> None:
        """Append the steps that another part of the front end took."""
        for step in steps:
            self.add(step)

    @property
    def failed_at(self) -> FailedAt:
        """The first stage class in which the request came to grief; `none` when it was answered."""
        return self._failed or "none"

    def to_json(self) -> dict[str, Any]:
        """Compact: defaults are left out, milliseconds have two digits, details are cut."""
        out: dict[str, Any] = {
            "failed_at": self.failed_at, "ms": round((time.perf_counter() - self._started) * 1e3, 2)
        }  # fmt: skip
        if self.intent is not None:
            out["intent"] = {"name": self.intent.name[:100]}
            if self.intent.confidence is not None:
                out["intent"]["confidence"] = round(self.intent.confidence, 4)
        out["steps"] = [_step_json(step) for step in self.steps]
        return out


@dataclass(slots=True)
class StepNotes:
    """What a stage has to say of itself while it runs."""

    confidence: float | None = None
    failed: bool = False
    detail: str = ""

    def fail(self, detail: str) -> None:
        """The request came to grief here."""
        self.failed, self.detail = True, detail


def _step_json(step: Step) -> dict[str, Any]:
    out: dict[str, Any] = {"stage": step.stage, "ms": round(step.ms, 2)}
    if step.confidence is not None:
        out["confidence"] = round(step.confidence, 4)
    if step.failed:
        out["failed"] = True
    if step.detail:
        out["detail"] = (
            step.detail if len(step.detail) <= _MAX_DETAIL else step.detail[: _MAX_DETAIL - 1] + "…"
        )
    return out
