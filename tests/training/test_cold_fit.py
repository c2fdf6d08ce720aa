"""The content student around a trained model: new items find their users, and trained ones lose nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.bundle import History, ItemItemPart, Part, ProfilePart, VectorPart, score_parts
from graphrec.errors import InvalidInputError
from graphrec.ranking.item_features import FIELDS, fit_features, read_item
from graphrec.sparse import CSR
from graphrec.store.records import ItemAttribute, ItemRecord
from graphrec.training.cold_choice import Trial, _best_scale, mask_seen, quality
from graphrec.training.cold_config import ColdChoice, ColdConfig
from graphrec.training.cold_fit import fit_cold, refit_cold
from graphrec.training.cold_regression import ContentRegression, Target
from graphrec.training.cold_student import Student, even_links, fit_student, model_scores, soften

TOPICS = ("lemon", "beef", "chocolate", "bean")
SIDES = tuple("cake pie stew soup salad tart roll bread bake sauce dip bowl wrap mash curry".split())
USERS, ITEMS = 120, 60
# Two neighbours: the two dishes of the same title. A third would tie with others, and rounding would choose.
CONFIG = ColdConfig(dim=16, max_words=50, min_items=5, ridges=(1.0,), neighbours=(2,), temperatures=(0.2,))


class Model:
    """Parts that were trained elsewhere."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = list(parts)

    def parts(self) -> Sequence[Part]:
        return self._parts


def record(number: int, sides: int = 5, **extra: Any) -> ItemRecord:
    title = f"{TOPICS[number % 4]} {SIDES[number % sides]}"
    return ItemRecord(
        f"r{number}", title, extra.get("numbers", {}), {}, extra.get("attributes", ()), frozenset()
    )


RECORDS = [record(number) for number in range(ITEMS)]


def tastes(seed: int = 0) -> sp.csr_matrix:
    """Everybody chooses from one topic, now and then from another; the last four items wait for somebody."""
    generator = np.random.default_rng(seed)
    likes = generator.integers(0, 4, USERS)
    chance = np.where(np.arange(ITEMS)[None, :] % 4 == likes[:, None], 0.5, 0.03)
    chosen = generator.random((USERS, ITEMS)) < chance
    chosen[:, -4:] = False
    return sp.csr_matrix(chosen.astype(np.float32))


def cooccurrence(choices: sp.csr_matrix) -> ItemItemPart:
    counts = (choices.T @ choices).toarray()
    np.fill_diagonal(counts, 0)
    return ItemItemPart(CSR.from_scipy(sp.csr_matrix((counts / max(counts.max(), 1)).astype(np.float32))))


def split(choices: sp.csr_matrix) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    held = np.random.default_rng(1).random(choices.nnz) < 0.15
    train, valid = choices.copy(), choices.copy()
    train.data, valid.data = train.data * ~held, valid.data * held
    train.eliminate_zeros()
    valid.eliminate_zeros()
    return train, valid


def fitted() -> tuple[Any, sp.csr_matrix, sp.csr_matrix]:
    train, valid = split(tastes())
    model = Model([cooccurrence(train)])
    found = fit_cold(model, CSR.from_scipy(train), CSR.from_scipy(valid), RECORDS, CONFIG, 0)
    assert found is not None
    return found, train, valid


def test_new_items_find_those_who_like_their_topic() -> None:
    found, train, _ = fitted()
    place = found.cold.place([record(n) for n in range(100, 104)])
    profile = found.parts[-1]
    scores = (train @ profile.keys) @ place.items.T
    likes = np.array([np.bincount(row.indices % 4, minlength=4).argmax() for row in train])
    assert (scores.argmax(axis=1) == likes).mean() > 0.9  # by chance a quarter
    neighbours = place.neighbours % 4
    assert (neighbours == np.arange(4)[:, None]).mean() > 0.9


def test_items_of_the_catalogue_that_nobody_chose_are_served_like_new_ones() -> None:
    found, train, _ = fitted()
    waiting = np.arange(ITEMS - 4, ITEMS)
    place = found.cold.place([RECORDS[i] for i in waiting])
    np.testing.assert_allclose(found.parts[-1].items[waiting], place.items, atol=1e-5)
    np.testing.assert_allclose(found.parts[-1].keys[waiting], place.keys, atol=1e-5)
    old = cooccurrence(train).weights.to_scipy().toarray()
    new = found.parts[0].weights.to_scipy().toarray()
    for row, item in enumerate(waiting):
        expected = (old[:, place.neighbours[row]] * place.shares[row]).sum(axis=1)
        np.testing.assert_allclose(new[: ITEMS - 4, item], expected[: ITEMS - 4], atol=1e-5)
    scores = found.score(np.arange(USERS))[:, waiting]
    likes = np.array([np.bincount(row.indices % 4, minlength=4).argmax() for row in train])
    assert (scores.argmax(axis=1) == likes).mean() > 0.9


def test_trained_items_are_never_worse_on_the_rows_that_choose() -> None:
    """Leaving trained items alone is among what the validation rows choose from."""
    found, train, valid = fitted()
    users = np.flatnonzero(np.diff(valid.indptr))
    plain = model_scores([cooccurrence(train)], train, users)
    served = found.score(users)
    new = slice(ITEMS - 4, ITEMS)
    plain[:, new], served[:, new] = -9, -9
    assert (
        quality(mask_seen(served, train[users]), valid[users])
        >= quality(mask_seen(plain, train[users]), valid[users]) - 0.01
    )


def test_what_is_scored_is_what_a_bundle_serves() -> None:
    found, train, _ = fitted()
    scores = found.score(np.arange(5))
    for user in range(5):
        items = train[user].indices
        served = score_parts(found.parts, user, History(items, np.ones(len(items), dtype=np.float32)))
        np.testing.assert_allclose(scores[user], served, atol=1e-4)


def test_refitting_with_what_was_chosen_gives_the_same() -> None:
    found, train, _ = fitted()
    again = refit_cold(Model([cooccurrence(train)]), CSR.from_scipy(train), RECORDS, found.chosen, CONFIG, 0)
    assert again is not None
    np.testing.assert_array_equal(found.cold.items, again.cold.items)
    np.testing.assert_array_equal(found.score(np.arange(9)), again.score(np.arange(9)))


def test_nothing_that_only_known_items_have_changes_the_fit() -> None:
    """Meals and numbers on every chosen item, in step with its popularity: not a bit of the student differs."""
    train, valid = split(tastes())
    counts = np.bincount(train.indices, minlength=ITEMS)
    loaded = [
        record(
            n,
            numbers={"clicks": float(counts[n]), "minutes": 5.0} if counts[n] else {},
            attributes=(ItemAttribute("in_meal", "meal", f"m{counts[n]}"),) if counts[n] else (),
        )
        for n in range(ITEMS)
    ]
    arguments = (Model([cooccurrence(train)]), CSR.from_scipy(train), CSR.from_scipy(valid))
    plain, other = (fit_cold(*arguments, records, CONFIG, 0) for records in (RECORDS, loaded))
    assert plain is not None and other is not None
    assert plain.chosen == other.chosen
    np.testing.assert_array_equal(plain.cold.items, other.cold.items)
    np.testing.assert_array_equal(plain.cold.popularity, other.cold.popularity)


def student(portion: float = 0.5) -> tuple[Student, sp.csr_matrix, ItemItemPart]:
    choices = tastes()
    part = cooccurrence(choices)
    texts = [read_item(record(number, 15)) for number in range(ITEMS)]  # no two items alike
    features = fit_features(texts, (1.0,) * len(FIELDS), most=50, min_items=2)
    bags = features.bags_of(texts).to_scipy()
    known = sp.diags((np.bincount(choices.indices, minlength=ITEMS) > 0).astype(np.float32))
    choice = ColdChoice(neighbours=3, temperature=0.2, portion=portion)
    regression = ContentRegression((known @ bags).tocsr(), 1.0)
    return fit_student(features, bags, regression, Target(choices, None, 1.0), choice, 8, 0), choices, part


def mixed_by_hand(made: Student, counts: NDArray[Any], half: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Lambda `[items]` and the matrix that mixes item rows, written out."""
    share = np.array([half / (half + d) if d else 1.0 for d in counts])
    mixing = np.diag(1 - share)
    found, weights = made.cold.neighbours(made.bags @ made.cold.items, np.arange(ITEMS))
    for item in range(ITEMS):
        for neighbour, weight in zip(found[item], weights[item], strict=True):
            if neighbour >= 0:
                mixing[item, neighbour] += share[item] * weight
    return share, mixing


@pytest.mark.parametrize("half", [0.0, 2.0])
def test_the_switch_is_the_formula(half: float) -> None:
    made, choices, part = student()
    counts = np.bincount(choices.indices, minlength=ITEMS).astype(np.float64)
    share, mixing = mixed_by_hand(made, counts, half)
    generator = np.random.default_rng(0)
    users, items = (generator.random((n, 4)).astype(np.float32) for n in (USERS, ITEMS))
    vectors = VectorPart(users, items)
    biased = replace(vectors, item_bias=generator.random(ITEMS).astype(np.float32))
    links, plain, other, profile = soften([part, vectors, biased], made, counts, half)
    assert isinstance(links, ItemItemPart) and isinstance(plain, VectorPart) and isinstance(other, VectorPart)
    assert isinstance(profile, ProfilePart) and other.item_bias is not None and biased.item_bias is not None
    np.testing.assert_allclose(plain.items, mixing @ vectors.items, atol=1e-5)
    np.testing.assert_allclose(other.item_bias, mixing @ biased.item_bias, atol=1e-5)
    np.testing.assert_allclose(profile.items, share[:, None] * (made.bags @ made.cold.items), atol=1e-5)
    rows = np.eye(ITEMS)
    rows[counts == 0] = mixing[counts == 0]
    expected = rows @ part.weights.to_scipy().toarray() @ mixing.T
    np.testing.assert_allclose(links.weights.to_scipy().toarray(), expected, atol=1e-5)


def test_the_share_of_content_falls_with_every_choice() -> None:
    made, _, part = student()
    lengths = []
    for degree in (0, 1, 2, 5, 20, 1000):
        counts = np.full(ITEMS, float(degree))
        lengths.append(float(np.linalg.norm(soften([part], made, counts, 3.0)[-1].items)))  # type: ignore[union-attr]
    whole = np.linalg.norm(made.bags @ made.cold.items)
    np.testing.assert_allclose(
        np.array(lengths) / whole, [1, 3 / 4, 3 / 5, 3 / 8, 3 / 23, 3 / 1003], rtol=1e-4
    )


def test_links_spread_as_the_choices_do() -> None:
    choices = tastes()
    links = even_links(choices, [replace(cooccurrence(choices), weight=7.0)])
    assert links is not None
    linked = (choices @ links).toarray()
    assert np.sqrt((linked**2).mean()) == pytest.approx(np.sqrt((choices.toarray() ** 2).mean()), rel=1e-4)
    assert even_links(choices, []) is None


def test_a_model_without_item_item_weights_works_too() -> None:
    train, valid = split(tastes())
    left, values, right = np.linalg.svd(train.toarray(), full_matrices=False)
    part = VectorPart(
        (left[:, :4] * values[:4]).astype(np.float32), np.ascontiguousarray(right[:4].T, dtype=np.float32)
    )
    found = fit_cold(Model([part]), CSR.from_scipy(train), CSR.from_scipy(valid), RECORDS, CONFIG, 0)
    assert found is not None and found.chosen.own == 1.0
    scores = found.score(np.arange(USERS))[:, -4:]
    likes = np.array([np.bincount(row.indices % 4, minlength=4).argmax() for row in train])
    assert (scores.argmax(axis=1) == likes).mean() > 0.9


def test_items_without_a_word_teach_nothing() -> None:
    train, _ = split(tastes())
    silent = [replace(one, name=None) for one in RECORDS]
    assert fit_cold(Model([cooccurrence(train)]), CSR.from_scipy(train), None, silent, CONFIG, 0) is None


def test_without_held_out_rows_trained_items_stay_as_they_are() -> None:
    train, _ = split(tastes())
    found = fit_cold(Model([cooccurrence(train)]), CSR.from_scipy(train), None, RECORDS, CONFIG, 0)
    assert found is not None and found.chosen.half == 0 and found.chosen.scale == 1
    counts = np.bincount(train.indices, minlength=ITEMS)
    assert not found.parts[-1].items[counts > 0].any()  # type: ignore[union-attr]


def test_one_record_for_each_item() -> None:
    train, _ = split(tastes())
    with pytest.raises(InvalidInputError, match="60 items need as many records, but 59"):
        fit_cold(Model([cooccurrence(train)]), CSR.from_scipy(train), None, RECORDS[:-1], CONFIG, 0)


@pytest.mark.parametrize("seed", range(3))
def test_quality_is_recall_and_ndcg_written_out(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.random((6, 40)).astype(np.float32)
    wanted = generator.random((6, 40)) < 0.1
    wanted[0] = False
    values = []
    for user in range(6):
        if wanted[user].any():
            ranked = wanted[user][np.argsort(-scores[user])][:20]
            gains = 1 / np.log2(np.arange(2, 22))
            ideal = gains[: min(20, wanted[user].sum())].sum()
            values.append(ranked.sum() / wanted[user].sum() + (ranked * gains).sum() / ideal)
    assert quality(scores, sp.csr_matrix(wanted.astype(np.float32))) == pytest.approx(
        np.mean(values), rel=1e-6
    )


@pytest.mark.parametrize(("allowed", "expected"), [(0.0, 1.0), (0.25, 2.0), (0.5, 4.0)])
def test_new_items_are_lifted_as_far_as_trained_ones_bear_it(allowed: float, expected: float) -> None:
    """By hand: alone trained items reach (3 x 2 + 1.228) / 4; scale 2 leaves 83 % of it, scale 4 leaves 68 %."""
    model = np.tile(
        np.arange(25, 3, -1, dtype=np.float32), (4, 1)
    )  # item 0 first, item 19 is the last in the list
    wanted = np.zeros((4, 22), dtype=np.float32)
    wanted[np.arange(4), [0, 0, 0, 19]] = 1  # the new item at the top: user 3 loses all, the others a rank
    taken = sp.csr_matrix((4, 22), dtype=np.float32)
    trial = Trial([], taken, taken, sp.csr_matrix(wanted), np.array([21]))
    config = CONFIG.model_copy(update={"scales": (1.0, 2.0, 4.0), "allowed_loss": allowed})
    # At scale 1 it stays outside the list, at 2 user 3 loses, at 4 item 0 falls to the second place.
    scores = np.full((4, 1), 6.0, dtype=np.float32)
    scores[:3] = 7.0
    assert _best_scale(model, scores, np.arange(4), trial, config) == pytest.approx(expected)
