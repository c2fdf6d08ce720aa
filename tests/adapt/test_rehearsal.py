from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from graphrec.adapt.config import AdaptConfig, StopConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_distance import energy_distances
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.rehearsal import PLAIN, Rehearsal, choose, plain, rehearse
from graphrec.adapt.rehearsal_splits import rehearsal_splits
from graphrec.errors import InvalidInputError

ROWS = 10
CANDIDATES = {"grda": AdaptConfig(), "dann": AdaptConfig(method="dann", taught=None)}


def chain_data(count: int = 12, sources: int = 6, edges: list[tuple[int, int]] | None = None) -> DomainData:
    """Domains in a line, the first of them labelled; the first input column is the label."""
    names = tuple(f"d{i}" for i in range(count))
    joined = edges if edges is not None else [(i, i + 1) for i in range(count - 1)]
    graph = DomainGraph.from_edges(names, [(names[i], names[j]) for i, j in joined])
    domain = np.repeat(np.arange(count), ROWS)
    labels = np.tile(np.arange(2), count * ROWS // 2)
    x = np.stack([labels, domain], axis=1).astype(np.float32)
    return DomainData.hide(x, domain, labels, graph, np.arange(sources))


class Oracle:
    """Knows the label, which stands in the inputs, and is wrong in as many rows of a domain as it is told."""

    def __init__(self, wrong: Callable[[int], int]) -> None:
        self.wrong = wrong

    def predict(self, x: np.ndarray, domain: np.ndarray) -> np.ndarray:
        label = x[:, 0].astype(int)
        for each in np.unique(domain):
            rows = np.flatnonzero(domain == each)[: self.wrong(int(each))]
            label[rows] = 1 - label[rows]
        return np.eye(2)[label]


def oracles(wrong: Mapping[str, Callable[[int], int]], seen: list[DomainData] | None = None):
    """A trainer that returns the oracle of a method."""

    def fit(data: DomainData, config: AdaptConfig, seed: int) -> Oracle:
        if seen is not None:
            seen.append(data)
        return Oracle(wrong[config.method])

    return fit


def test_what_is_hidden_lies_nearest_the_targets_and_nothing_twice():
    groups = rehearsal_splits(chain_data())
    assert [group.tolist() for group in groups] == [[4, 5], [2, 3], [0, 1]]
    assert [group.tolist() for group in rehearsal_splits(chain_data(), splits=1, share=0.5)] == [[3, 4, 5]]


@pytest.mark.parametrize("sources", [2, 3, 4, 5, 7, 11])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_groups_leave_a_source_and_do_not_meet(sources, share):
    groups = rehearsal_splits(chain_data(sources=sources), splits=4, share=share)
    assert len(groups) >= 2 or sources - len(groups[0]) <= 1 or len(groups) == 4
    together = np.concatenate(groups)
    assert len(set(together.tolist())) == len(together) and set(together.tolist()) <= set(range(sources))
    assert all(0 < len(group) < sources for group in groups)


def test_sources_without_a_path_to_a_target_come_last():
    cut = [(0, 1), (1, 2), (3, 4), (4, 5), (5, 6), (6, 7)]  # 0-1-2 apart from the rest
    groups = rehearsal_splits(chain_data(8, 6, cut))
    assert [group.tolist() for group in groups[:1]] == [[4, 5]]
    assert set(groups[-1].tolist()) & {0, 1, 2}


def test_one_source_cannot_be_rehearsed():
    with pytest.raises(InvalidInputError, match="needs two"):
        rehearse(chain_data(sources=1), CANDIDATES, fit=oracles({}))


def test_scores_and_gains_are_those_counted_by_hand():
    wrong = {
        "source_only": lambda d: 4 + d % 2,
        "grda": lambda d: 1,
        "dann": lambda d: 5 + d % 3,
    }
    found = rehearse(chain_data(), CANDIDATES, seeds=(0, 1), fit=oracles(wrong))
    hidden = np.array([4, 5, 2, 3, 0, 1])
    assert found.domains == tuple(f"d{i}" for i in hidden)
    np.testing.assert_allclose(found.scores["grda"], np.full((2, 6), 0.9))
    np.testing.assert_allclose(found.scores["dann"], [1 - (5 + hidden % 3) / 10] * 2)
    expected = stats.ttest_rel(found.scores["dann"][0], found.scores[PLAIN][0])
    gain = found.gain("dann")
    assert gain.p_value == pytest.approx(expected.pvalue)
    assert gain.difference / gain.standard_error == pytest.approx(expected.statistic)
    assert [found.verdict(name) for name in ("grda", "dann")] == ["helps", "hurts"]
    assert found.best() == "grda"
    assert "grda helps: accuracy 0.900 against 0.550" in found.sentences()[0]
    summary = found.summary()
    assert summary["methods"]["dann"]["verdict"] == "hurts"
    assert summary["best"] == "grda" and summary["reach"] == found.reach and summary["tells"]


def test_labels_of_hidden_sources_and_targets_are_never_seen():
    seen: list[DomainData] = []
    same = dict.fromkeys(("source_only", "grda", "dann"), lambda d: 2)
    data = chain_data()
    found = rehearse(data, CANDIDATES, fit=oracles(same, seen))
    assert len(seen) == 9
    for number, each in enumerate(seen):
        hidden = rehearsal_splits(data)[number // 3]
        assert not each.labelled[np.isin(each.domain, hidden)].any()
        assert not each.labelled[each.domain >= 6].any()
        assert each.labelled.sum() == 4 * ROWS
    assert found.verdict("grda") == found.verdict("dann") == "no difference"
    assert found.best() == PLAIN, "without a gain the plain model stays"


def test_a_gain_within_its_error_is_not_chosen():
    def uneven(d: int) -> int:
        return (0, 8)[d % 2]

    wrong = {"source_only": lambda d: 4, "grda": uneven, "dann": lambda d: 4}
    name, config, found = choose(chain_data(), CANDIDATES, fit=oracles(wrong))
    assert (name, config) == (PLAIN, plain(CANDIDATES["grda"]))
    assert found.verdict("grda") == "no difference"
    name, config, _ = choose(chain_data(), CANDIDATES, fit=oracles(wrong | {"dann": lambda d: 3 - d % 2}))
    assert (name, config) == ("dann", CANDIDATES["dann"])


def test_a_tie_says_nothing_of_targets_far_beyond_what_was_hidden():
    near = chain_data()
    assert rehearse(
        near, CANDIDATES, fit=oracles(dict.fromkeys(("source_only", "grda", "dann"), lambda d: 2))
    ).tells
    shifted = near.x.copy()
    shifted[:, 1] = np.where(near.domain >= 6, 50 * near.domain, near.domain)
    far = replace(near, x=shifted)
    tie = rehearse(far, CANDIDATES, fit=oracles(dict.fromkeys(("source_only", "grda", "dann"), lambda d: 2)))
    assert not tie.tells and "tells little" in tie.sentences()[-1]
    assert tie.best() == "grda" and tie.best("dann") == "dann"
    lost = rehearse(
        far, CANDIDATES, fit=oracles({"source_only": lambda d: 2, "grda": lambda d: 5, "dann": lambda d: 2})
    )
    assert lost.best() == PLAIN and lost.best("dann") == "dann"


def test_reach_is_the_ratio_of_mean_distances():
    data = chain_data()
    apart = energy_distances(data.x, data.domain, 12)
    hidden = [
        min(apart[d, s] for s in range(6) if s not in pair) for pair in ((4, 5), (2, 3), (0, 1)) for d in pair
    ]
    beyond = [min(apart[d, s] for s in range(6)) for d in range(6, 12)]
    found = rehearse(
        data, CANDIDATES, fit=oracles(dict.fromkeys(("source_only", "grda", "dann"), lambda d: 2))
    )
    assert found.reach == pytest.approx(np.mean(beyond) / np.mean(hidden))
    everything = chain_data(sources=12)
    same = oracles(dict.fromkeys(("source_only", "grda", "dann"), lambda d: 2))
    assert np.isnan(rehearse(everything, CANDIDATES, fit=same).reach)


@pytest.mark.parametrize(
    ("gain", "said"), [(0.01, "no difference"), (0.03, "helps"), (-0.01, "no difference")]
)
def test_a_gain_too_small_to_matter_is_none_however_sure(gain, said):
    plain_scores = np.array([[0.5, 0.6, 0.7]])
    found = Rehearsal("accuracy", ("a", "b", "c"), {PLAIN: plain_scores, "grda": plain_scores + gain})
    assert found.gain("grda").p_value < 0.01 and found.verdict("grda") == said
    assert found.best() == ("grda" if said == "helps" else PLAIN)
    errors = Rehearsal("mse", ("a", "b", "c"), {PLAIN: 10 * plain_scores, "grda": 10 * (plain_scores - gain)})
    assert errors.verdict("grda") == {0.01: "no difference", 0.03: "helps", -0.01: "no difference"}[gain]


def test_errors_of_values_count_downwards():
    data = chain_data()
    values = DomainData.hide(data.x, data.domain, data.x[:, :1].copy(), data.graph, data.sources)

    class Off:
        def __init__(self, by: float) -> None:
            self.by = by

        def predict(self, x: np.ndarray, domain: np.ndarray) -> np.ndarray:
            return x[:, :1] + self.by + 0.01 * domain[:, None]

    by = {"source_only": 1.0, "grda": 0.5, "dann": 2.0}
    found = rehearse(values, CANDIDATES, fit=lambda data, config, seed: Off(by[config.method]))
    assert found.metric == "mse"
    np.testing.assert_allclose(
        found.scores["grda"][0], (0.5 + 0.01 * np.array([4, 5, 2, 3, 0, 1])) ** 2, rtol=1e-4
    )
    assert [found.verdict(name) for name in ("grda", "dann")] == ["helps", "hurts"]
    assert found.gain("grda").difference > 0 > found.gain("dann").difference


def test_candidates_need_names_and_something_to_adapt():
    fit = oracles({})
    with pytest.raises(InvalidInputError, match="one that adapts"):
        rehearse(chain_data(), plain(AdaptConfig()), fit=fit)
    with pytest.raises(InvalidInputError, match="another name"):
        rehearse(chain_data(), {PLAIN: AdaptConfig()}, fit=fit)
    with pytest.raises(InvalidInputError, match="seed"):
        rehearse(chain_data(), CANDIDATES, seeds=(), fit=fit)
    with pytest.raises(InvalidInputError, match="two splits"):
        rehearse(chain_data(sources=4), CANDIDATES, splits=1, fit=fit)
    with pytest.raises(InvalidInputError, match="not rehearsed"):
        Rehearsal("accuracy", ("a",), {PLAIN: np.zeros((1, 1))}).gain("mdd")


def test_labels_passed_on_without_alignment_are_a_method_too():
    config = AdaptConfig(method="source_only")
    found = rehearse(chain_data(), {"taught": config}, fit=oracles({"source_only": lambda d: 3}))
    assert found.methods == ("taught",) and PLAIN in found.scores


def test_trained_models_gain_where_labels_must_be_passed_on():
    """Two clouds turn by 35 degrees from domain to domain: what holds for the first four is wrong for the sixth."""
    rng = np.random.default_rng(0)
    domain, labels = np.repeat(np.arange(8), 24), rng.integers(0, 2, 8 * 24)
    angle = np.deg2rad(35.0 * domain)
    centre = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (2 * labels - 1)[:, None]
    names = tuple(f"d{i}" for i in range(8))
    graph = DomainGraph.from_edges(names, pairwise(names))
    data = DomainData.hide(centre + 0.2 * rng.normal(size=centre.shape), domain, labels, graph, np.arange(6))
    small = {"hidden": 16, "learning_rate": 1e-2, "batch": 12, "stop": StopConfig(epochs=30, least=30)}
    found = rehearse(data, {"labels passed on": AdaptConfig(method="source_only", **small)}, splits=1)
    assert found.domains == ("d4", "d5")
    assert found.scores["labels passed on"].min() > 0.9
    assert found.gain("labels passed on").difference > 0.2
