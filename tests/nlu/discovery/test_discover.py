"""Discovery as a whole on worlds whose groups are known, its proposals, and the command."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("igraph")

from graphrec.errors import InvalidInputError
from graphrec.nlu.discovery import Discovery, Group, discover, proposals
from graphrec.nlu.discovery.calibration import Coarseness, Grain, calibrate, group
from graphrec.nlu.discovery.communities import adjusted_rand
from graphrec.nlu.discovery.detect import detect
from graphrec.nlu.discovery.known import centred
from graphrec.nlu.intents.data import IntentData, Utterance
from tests.nlu.discovery.worlds import World, world

GRAINS = Coarseness((Grain(10, 0.1, 0.9),))
STRAYS = ("d1_i0", "d3_i5")


@pytest.fixture(scope="module")
def whole() -> World:
    return world()


@pytest.fixture(scope="module")
def novel(whole: World) -> set[str]:
    """All of domain 0, and one intent each of two other domains."""
    return {i for i in whole.domain_of if i.startswith("d0_")} | set(STRAYS)


def test_groups_domains_and_names(whole: World, novel: set[str]) -> None:
    known = whole.only(set(whole.domain_of) - novel).known()
    said = whole.only(novel)
    texts = [f"{intent} utterance {at}" for at, intent in enumerate(said.intents)]
    found = discover(texts, said.vectors, known)
    truth = np.unique(said.intents, return_inverse=True)[1]
    assert adjusted_rand(truth, found.labels(len(texts))) > 0.9
    for proposal in found.groups:
        intent = Counter(said.intents[m] for m in proposal.members).most_common(1)[0][0]
        assert proposal.new_domain == intent.startswith("d0_")
        if not proposal.new_domain:
            assert proposal.domain == whole.domain_of[intent]
        assert proposal.example in texts
        assert proposal.name not in known.intents
    assert len({g.domain for g in found.groups if g.new_domain}) == 1
    assert len({g.name for g in found.groups}) == len(found.groups)


def test_every_utterance_is_placed_once(whole: World, novel: set[str]) -> None:
    said = whole.only(novel)
    found = discover(said.intents, said.vectors, whole.only(set(whole.domain_of) - novel).known(), smallest=25)
    placed = [m for g in found.groups for m in g.members] + list(found.leftover)
    assert sorted(placed) == list(range(len(said.intents)))
    assert all(len(g.members) >= 25 for g in found.groups)


def test_the_same_seed_gives_the_same_discovery(whole: World, novel: set[str]) -> None:
    known, said = whole.only(set(whole.domain_of) - novel).known(), whole.only(novel)
    first, second = (discover(said.intents, said.vectors, known, seed=4) for _ in range(2))
    assert first.groups == second.groups


def test_calibration_fits_the_grain_of_the_known_world() -> None:
    """Where every intent falls into two ways of saying it, the plays must not part them."""
    rng = np.random.default_rng(1)
    coarse = world(seed=2, spread=0.03)
    shift = 0.25 * rng.normal(size=(len(coarse.domain_of), coarse.vectors.shape[1]))
    half = np.arange(len(coarse.intents)) % 2 == 0
    number = np.unique(coarse.intents, return_inverse=True)[1]
    moved = coarse.vectors + np.where(half[:, None], shift[number], 0.0) * 0.3
    two_ways = World(moved.astype(np.float32), coarse.intents, coarse.domain_of)
    unknown = {i for i in two_ways.domain_of if i.startswith("d5_")}
    known, said = two_ways.only(set(two_ways.domain_of) - unknown).known(), two_ways.only(unknown)
    found = group(centred(said.vectors, known.mean), calibrate(known, len(said.intents)))
    assert adjusted_rand(np.unique(said.intents, return_inverse=True)[1], found) > 0.9


def test_intents_asked_for_often_stay_whole() -> None:
    """Groups of 200 fall apart at the grain of groups of 30; the coarser grain is found to part them better."""
    often = world(seed=3, domains=4, intents=3, each=200)
    unknown = {i for i in often.domain_of if i.startswith("d0_")}
    known, said = often.only(set(often.domain_of) - unknown).known(), often.only(unknown)
    coarseness = calibrate(known, len(said.intents))
    assert len(coarseness.grains) == 3
    found = group(centred(said.vectors, known.mean), coarseness)
    assert adjusted_rand(np.unique(said.intents, return_inverse=True)[1], found) > 0.95


def test_nothing_new_gives_nothing(whole: World) -> None:
    found = discover([], whole.vectors[:0], whole.known())
    assert found.groups == () and found.leftover == ()
    alone = discover(["only one"], whole.vectors[:1], whole.known())
    assert alone.groups == () and alone.leftover == (0,)


def test_what_cannot_be_discovered_is_said(whole: World) -> None:
    with pytest.raises(InvalidInputError, match="2 utterances came with 1 vectors"):
        discover(["a", "b"], whole.vectors[:1], whole.known())
    with pytest.raises(InvalidInputError, match="give two or more"):
        discover(["a"], whole.vectors[:1], whole.only({"d0_i0"}).known())


class Points:
    """An encoder whose texts name rows of a matrix."""

    name, dim, fingerprint = "points", 48, "0"

    def __init__(self, vectors: Any) -> None:
        self.vectors = vectors

    def encode(self, texts: Sequence[str]) -> Any:
        return self.vectors[[int(text) for text in texts]]


@pytest.mark.parametrize("with_validation", [True, False])
def test_detection_finds_the_new_ones(whole: World, novel: set[str], with_validation: bool) -> None:
    rows = np.random.default_rng(0).permutation(len(whole.intents))
    cut = len(rows) // 2
    learned = [r for r in rows[:cut] if whole.intents[r] not in novel]
    held = learned[::4] if with_validation else []
    train = [r for r in learned if r not in set(held)]

    def utterances(part: Sequence[int]) -> tuple[Utterance, ...]:
        return tuple(Utterance(str(r), whole.intents[r], whole.domain_of[whole.intents[r]]) for r in part)

    data = IntentData(train=utterances(train), validation=utterances(held))
    asked = [str(r) for r in rows[cut:]]
    new = np.array([whole.intents[r] in novel for r in rows[cut:]])
    taken = detect(asked, data, Points(whole.vectors)).novelty.novel
    assert taken[new].mean() > 0.9
    assert taken[~new].mean() < 0.2


@settings(deadline=None)
@given(st.lists(st.text(max_size=12).filter(str.strip), min_size=1, max_size=6, unique=True), st.text(max_size=9))
def test_proposals_are_toml_whatever_was_said(said: list[str], name: str) -> None:
    proposal = Group(name or "x", ("t",), said[0], "dom.ain é", True, tuple(range(len(said))))
    found = Discovery((proposal,), (), GRAINS)
    content = tomllib.loads(proposals.to_toml(found, said))
    assert list(content["domains"]) == ["dom.ain é"]
    json.dumps(proposals.to_json(found, said))


def test_proposals_train_again(tmp_path: Path) -> None:
    from graphrec.nlu.intents.readers import read_intents

    said = ["what {is} my score", 'say "hi"', "back\\slash"]
    found = Discovery((Group("a b", ("t",), said[1], "new", True, (0, 1, 2)),), (), GRAINS)
    file = tmp_path / "proposed.toml"
    file.write_text(proposals.to_toml(found, said), encoding="utf-8")
    read = read_intents(file)
    assert [(u.text, u.intent, u.domain) for u in read.train] == [
        ("what is my score", "a b", "new"), ('say "hi"', "a b", "new"), ("back\\slash", "a b", "new"),
    ]  # fmt: skip
