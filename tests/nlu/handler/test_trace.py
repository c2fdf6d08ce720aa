"""The trace says how long each stage took and which one failed first."""

from __future__ import annotations

import json
import time

import pytest

from graphrec.nlu.handler.trace import Trace
from graphrec.nlu.result import Intent, Step


def test_steps_are_timed_in_order_and_carry_what_they_noted() -> None:
    trace = Trace(intent=Intent("recommend", 0.87654321))
    with trace.step("link") as step:
        time.sleep(0.01)
        step.confidence, step.detail = 0.5, "x" * 500
    trace.extend([Step("slots", 1.234567)])
    found = json.loads(json.dumps(trace.to_json()))
    assert found["failed_at"] == "none" and found["intent"] == {"name": "recommend", "confidence": 0.8765}
    assert [s["stage"] for s in found["steps"]] == ["link", "slots"]
    assert 10 <= found["steps"][0]["ms"] <= found["ms"] and len(found["steps"][0]["detail"]) == 200
    assert found["steps"][1] == {"stage": "slots", "ms": 1.23}


@pytest.mark.parametrize(
    ("stage", "failed_at"),
    [("read", "input"), ("intent", "intent"), ("slots", "slots"), ("link", "link"), ("relax", "query"),
     ("rank", "rank")],
)  # fmt: skip
def test_the_first_failure_names_the_class(stage: str, failed_at: str) -> None:
    trace = Trace()
    with trace.step("dialogue"):
        pass
    trace.fail(stage, "why")
    trace.fail("rank", "later")
    assert trace.failed_at == failed_at


def test_an_exception_fails_its_stage_and_is_passed_on() -> None:
    trace = Trace()
    with pytest.raises(ZeroDivisionError), trace.step("rank"):
        _ = 1 / 0
    assert (trace.failed_at, trace.stage) == ("rank", "rank")
    assert trace.steps[0].failed and "division" in trace.steps[0].detail
