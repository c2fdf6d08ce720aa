"""Nearest nodes for unknown words: against brute force over a stub's vectors, and with MiniLM where it is installed."""

from __future__ import annotations

import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.encoders import find_encoder, minilm_directory
from graphrec.errors import InvalidInputError, StoreError
from graphrec.nlu import neighbours as module
from graphrec.nlu.formats import result_from_json, result_to_json
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.neighbours import Neighbours
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.pipeline import Pipeline
from graphrec.ranking.query import NodeRef
from tests.nlu.axes import Axes
from tests.speed import slowness

ROOM = 16


@pytest.fixture
def near(lexicon: Lexicon) -> Neighbours:
    found = Neighbours.of(lexicon, Axes())
    assert found is not None
    return found


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.text("abcdefgz", min_size=1, max_size=6), min_size=1, max_size=5),
    floor=st.floats(-1, 1),
)
def test_it_is_the_best_three_of_all_nodes_above_the_floor(words: list[str], floor: float) -> None:
    names = ["apple", "bean", "cabbage", "date", "egg", "fig", "garlic", "zest"]
    encoder, nodes = Axes(), [NodeRef("ingredient", name) for name in names]
    vectors = encoder.encode(names)
    found = Neighbours(encoder, nodes, vectors, floor).nearest(words)
    for word in words:
        cosines = {
            n: float(np.dot(encoder.encode([word])[0], v)) for n, v in zip(nodes, vectors, strict=True)
        }
        best = [value for value in sorted(cosines.values(), reverse=True)[:3] if value >= floor - 1e-6]
        got = found[word]
        assert [value for _, value in got] == pytest.approx(best[: len(got)], abs=1e-6)
        assert len(got) == len(best) or best[len(got)] == pytest.approx(floor, abs=1e-6)
        assert all(value == pytest.approx(cosines[ref], abs=1e-6) for ref, value in got)
        assert len({ref for ref, _ in got}) == len(got)


def test_only_types_that_a_dish_can_be_asked_for_are_offered(near: Neighbours, lexicon: Lexicon) -> None:
    assert {ref.type for ref in near.nodes} == {"ingredient", "cuisine", "course"}
    names = [
        name.casefold() for ref in near.nodes for known, name in lexicon.nodes_of(ref.type) if known == ref
    ]
    assert len(set(names)) == len(names) and NodeRef("ingredient", "soup") in near.nodes


def test_nothing_is_encoded_where_everything_links(near: Neighbours, parser: RequestParser) -> None:
    encoder = near.encoder
    assert isinstance(encoder, Axes)
    pipeline, before = Pipeline(None, parser, neighbours=near), len(encoder.calls)
    linked = (
        "chicken with garlic, no nuts",
        "italian soup under 30 minutes",
        "vegan",
        "",
        "soup recipes, no shame",
    )
    for text in linked:
        assert pipeline.understand(text).slots == Pipeline(None, parser).understand(text).slots
    assert len(encoder.calls) == before
    for _ in range(3):
        pipeline.understand("chicken recipes with glorbic and zzyzx")
    assert len(encoder.calls) == before + 1, "one batch for an utterance, and none for words seen before"


def test_a_suggestion_never_reaches_the_query(near: Neighbours, parser: RequestParser) -> None:
    for text in (
        "chicken recipes with glorbic",
        "soup recipes without glorbic",
        "chicken recipes, I am allergic to glorbic",
        "chicken recipes easy on the glorbic",
    ):
        plain, offered = Pipeline(None, parser), Pipeline(None, parser, neighbours=near)
        one, other = plain.understand(text), offered.understand(text)
        lost = [slot for slot in other.slots if slot.raw == "glorbic"]
        assert len(lost) == 1 and lost[0].node is None and not lost[0].candidates
        assert lost[0].suggestions[0] == ("ingredient:garlic", pytest.approx(1.0))
        assert [(s.raw, s.node, s.polarity, s.hard) for s in one.slots] == [
            (s.raw, s.node, s.polarity, s.hard) for s in other.slots
        ]
        again = result_from_json(result_to_json(other))
        assert [slot.suggestions for slot in again.slots] == [slot.suggestions for slot in other.slots]
        assert "suggestions" not in str(result_to_json(one))


def test_words_side_by_side_are_one_phrase(near: Neighbours, parser: RequestParser) -> None:
    result = Pipeline(None, parser, neighbours=near).understand("chicken recipes with glorbic zzyzx, brrrn")
    assert isinstance(near.encoder, Axes) and near.encoder.calls[-1] == ["glorbic zzyzx", "brrrn"]
    one, other = (slot.suggestions for slot in result.slots if slot.raw in ("glorbic", "zzyzx"))
    assert one == other


def test_an_utterance_asks_for_few_phrases_at_most(near: Neighbours, parser: RequestParser) -> None:
    text = ", ".join(f"zz{letter}q{letter}b" for letter in "abcdefgh")
    Pipeline(None, parser, neighbours=near).understand(f"chicken recipes with {text}")
    assert isinstance(near.encoder, Axes) and len(near.encoder.calls[-1]) == module.PHRASES
    near.nearest(["x" * 100_000])
    assert max(map(len, near.encoder.calls[-1])) <= 60


def test_what_fits_no_intent_is_left_alone(near: Neighbours, parser: RequestParser) -> None:
    result = Pipeline(None, parser, neighbours=near).understand("glorbic")
    assert result.novel and not any(slot.suggestions for slot in result.slots)


def test_other_encoders_offer_nothing(lexicon: Lexicon) -> None:
    assert Neighbours.of(lexicon, find_encoder("hashed")) is None


def test_vectors_are_kept_and_those_of_another_catalogue_are_not_taken(
    lexicon: Lexicon, tmp_path: Path
) -> None:
    path = tmp_path / "near"
    first = Neighbours.of(lexicon, Axes(), path)
    encoder = Axes()
    second = Neighbours.of(lexicon, encoder, path)
    assert first is not None and second is not None and not encoder.calls
    assert np.array_equal(first.vectors, second.vectors) and first.nodes == second.nodes
    fewer = Neighbours.of(Lexicon([("ingredient", "garlic", "Garlic")]), encoder, path)
    assert (
        fewer is not None
        and len(encoder.calls) == 1
        and [str(r) for r in fewer.nodes] == ["ingredient:garlic"]
    )
    path.write_bytes(b"broken")
    assert Neighbours.of(lexicon, Axes(), path) is not None
    with pytest.raises(StoreError):
        Neighbours.of(lexicon, Axes(), tmp_path / "no such folder" / "near")
    with pytest.raises(InvalidInputError):
        Neighbours(encoder, fewer.nodes, np.zeros((2, 52), dtype=np.float32), 0.5)


def test_it_follows_a_catalogue_that_grows(near: Neighbours, lexicon: Lexicon) -> None:
    more = [("ingredient", f"glorb{n}ic", f"Glorb{n}ic") for n in range(module.NEW + 5)]
    grown = Lexicon([*lexicon._nodes, *more])
    assert isinstance(near.encoder, Axes)
    near.encoder.calls.clear()
    later = near.over(grown)
    assert [len(call) for call in near.encoder.calls] == [module.NEW], "what was known is not encoded again"
    fresh = Neighbours.of(Lexicon([*lexicon._nodes, *more[: module.NEW]]), Axes())
    assert fresh is not None and fresh.nodes == later.nodes and np.array_equal(fresh.vectors, later.vectors)
    assert str(later.nearest(["glorbiic"])["glorbiic"][0][0]) == "ingredient:garlic"
    fewer = later.over(Lexicon([("ingredient", "garlic", "Garlic")]))
    assert [str(ref) for ref in fewer.nodes] == ["ingredient:garlic"]


def test_threads_share_it_and_it_stays_small(near: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", ROOM)
    words = ["".join(pair) for pair in zip("abcdefghijklmnopqrstuvwxyz" * 4, "bcdefgh" * 15, strict=False)]
    expected, wrong = near.nearest(words), []

    def ask(seed: int) -> None:
        for place in np.random.default_rng(seed).permutation(len(words)).tolist():
            if near.nearest([words[place]])[words[place]] != expected[words[place]]:
                wrong.append(words[place])

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(near._known) <= ROOM


@pytest.mark.encoder
@pytest.mark.skipif(
    minilm_directory() is None or find_spec("tokenizers") is None,
    reason="needs the MiniLM encoder (graphrec[encoder])",
)
def test_minilm_offers_relatives_in_time_and_nothing_for_other_things(
    lexicon: Lexicon, parser: RequestParser
) -> None:
    near = Neighbours.of(lexicon, find_encoder("minilm-layers"))
    assert near is not None and near.floor == module.FLOOR
    for said, kin in (
        ("russet potatoes", "potato"), ("sockeye salmon", "salmon"), ("prosciutto ham", "ham"),
        ("goats cheese", "cheese"),
    ):  # fmt: skip
        names = [ref.id for ref, _ in near.nearest([said])[said]]
        assert kin in names, (said, names)
    assert not any(near.nearest(["interest rate", "passport", "reminder", "mortgage"]).values())
    pipeline = Pipeline(None, parser, neighbours=near)
    seconds = []
    for word in (
        "kohlrabis",
        "freekeh",
        "sambal oelek",
        "tempeh",
        "ajvar",
        "labneh",
        "injera",
        "natto",
        "yuzu kosho",
    ):
        started = time.process_time()
        pipeline.understand(f"chicken recipes with {word}")
        seconds.append(time.process_time() - started)
    assert float(np.median(seconds)) < 0.015 * slowness()
