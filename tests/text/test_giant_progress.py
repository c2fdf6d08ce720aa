from __future__ import annotations

import pytest

from graphrec.text.giant_progress import GiantProgress, Reporter
from graphrec.text.schedule import TextProgress


def test_the_time_left_follows_from_what_this_run_did() -> None:
    now = [0.0]
    seen: list[GiantProgress] = []
    report = Reporter(seen.append, clock=lambda: now[0])
    for clock, share in ((0, 0.4), (10, 0.5), (20, 0.6), (60, 1.0)):  # resumed at 0.4
        now[0] = clock
        report("tune", share)
    left = [step.seconds_left for step in seen]
    assert left[0] is None
    assert left[1:] == pytest.approx([50.0, 40.0, 0.0])


def test_levels_count_alike_and_only_by_their_steps() -> None:
    seen: list[GiantProgress] = []
    losses: dict[str, float] = {}
    report = Reporter(seen.append).tuning("tune", losses)
    report(TextProgress("tune", 0, 4, 50, 100, 0.5, 12.0))
    report(TextProgress("encode", 1, 4, 90, 100, None, 40.0))
    report(TextProgress("bootstrap", 1, 4, 3, 4, None, 0.0))
    report(TextProgress("tune", 3, 4, 100, 100, 0.25, 12.0))
    assert [step.share for step in seen] == [0.125, 0.25, 0.25, 1.0]
    assert losses == {"0": 0.5, "3": 0.25}
    assert [step.note for step in seen] == [
        "level 1 of 4, loss 0.5000, 12 texts/s", "level 2 of 4, vectors 90%, 40 texts/s",
        "level 2 of 4, heads 75%", "level 4 of 4, loss 0.2500, 12 texts/s",
    ]  # fmt: skip
