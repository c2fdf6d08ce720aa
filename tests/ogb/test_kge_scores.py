"""Score functions against their formulas in NumPy, and what each can and cannot express."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.ogb.kge_config import KGEConfig
from graphrec.ogb.kge_data import Triples
from graphrec.ogb.kge_model import GeometricKGE, KGEModel, TransRKGE, build_kge

DIM, MARGIN = 6, 4.0


def _complex(vector: np.ndarray) -> np.ndarray:
    return vector[: len(vector) // 2] + 1j * vector[len(vector) // 2 :]


def transe(h, r, t, spread):
    return MARGIN - np.abs(h + r - t).sum()


def distmult(h, r, t, spread):
    return (h * r * t).sum()


def complex_(h, r, t, spread):
    return (_complex(h) * _complex(r) * np.conj(_complex(t))).sum().real


def rotate(h, r, t, spread):
    return MARGIN - np.abs(_complex(h) * np.exp(1j * np.pi * r / spread) - _complex(t)).sum()


FORMULAS = {"transe": transe, "distmult": distmult, "complex": complex_, "rotate": rotate}


def model_of(name: str, seed: int = 0, **settings: object) -> KGEModel:
    config = KGEConfig.model_validate(
        {"model": name, "dim": DIM, "margin": MARGIN, "relation_dim": 4, **settings}
    )
    return build_kge(9, 3, config, torch.Generator().manual_seed(seed))


def batch_of(rows: list[tuple[int, int, int]]) -> Triples:
    head, relation, tail = torch.tensor(rows).T
    return Triples(head, relation, tail, torch.zeros_like(head), torch.zeros_like(head))


BATCH = batch_of([(0, 0, 1), (2, 1, 3), (4, 2, 4)])
CANDIDATES = torch.tensor([[5, 6, 1, 0], [3, 7, 7, 2], [8, 0, 4, 1]])


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("side", ["head", "tail"])
def test_scores_are_the_published_formulas_on_either_side(name: str, side: str) -> None:
    model = model_of(name)
    assert isinstance(model, GeometricKGE)
    entity, relation = (table.detach().double().numpy() for table in (model.entity, model.relation))
    found = model.scores(BATCH, CANDIDATES, side).detach().numpy()
    for row, (head, kind, tail) in enumerate(zip(BATCH.head, BATCH.relation, BATCH.tail, strict=True)):
        for column, other in enumerate(CANDIDATES[row]):
            ends = (head, other) if side == "tail" else (other, tail)
            expected = FORMULAS[name](
                entity[int(ends[0])], relation[int(kind)], entity[int(ends[1])], model.geometry.spread
            )
            assert found[row, column] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("side", ["head", "tail"])
def test_transr_is_the_margin_less_the_distance_in_relation_space(side: str) -> None:
    model = model_of("transr")
    assert isinstance(model, TransRKGE)
    entity = model.entity.detach().numpy()
    projection, moved = model.transr.projection.detach().numpy(), model.transr.translation.detach().numpy()
    found = model.scores(BATCH, CANDIDATES, side).detach().numpy()
    for row, (head, kind, tail) in enumerate(
        zip(BATCH.head.tolist(), BATCH.relation.tolist(), BATCH.tail.tolist(), strict=True)
    ):
        for column, other in enumerate(CANDIDATES[row].tolist()):
            h, t = (head, other) if side == "tail" else (other, tail)
            gap = entity[h] @ projection[kind] + moved[kind] - entity[t] @ projection[kind]
            assert found[row, column] == pytest.approx(MARGIN - (gap**2).sum(), abs=1e-5)


def test_a_rotation_of_length_one_keeps_every_modulus() -> None:
    model = model_of("rotate")
    assert isinstance(model, GeometricKGE)
    turned = model.geometry.query(model.entity[:3], model.relation, "tail")
    before, after = (x.detach().view(3, 2, DIM).square().sum(dim=1) for x in (model.entity[:3], turned))
    torch.testing.assert_close(before, after)


def test_distmult_cannot_tell_head_from_tail_and_complex_can() -> None:
    there, back = batch_of([(0, 0, 1)]), batch_of([(1, 0, 0)])
    for name, symmetric in (("distmult", True), ("complex", False)):
        model = model_of(name)
        scores = [float(model.scores(batch, batch.tail[:, None], "tail").detach()) for batch in (there, back)]
        assert (scores[0] == pytest.approx(scores[1], abs=1e-6)) is symmetric


def test_rotate_has_a_gradient_where_an_entity_is_its_own_candidate() -> None:
    model = model_of("rotate")
    assert isinstance(model, GeometricKGE)
    with torch.no_grad():
        model.relation.zero_()
    model.scores(batch_of([(0, 0, 0)]), torch.tensor([[0]]), "tail").sum().backward()
    assert model.entity.grad is not None and bool(model.entity.grad.isfinite().all())


def test_the_first_draw_lies_within_the_spread_and_follows_the_seed() -> None:
    model, again, other = model_of("transe"), model_of("transe"), model_of("transe", seed=1)
    assert isinstance(model, GeometricKGE)
    assert model.geometry.spread == pytest.approx((MARGIN + 2) / DIM)
    assert 0.8 * model.geometry.spread < float(model.entity.detach().abs().max()) <= model.geometry.spread
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    assert not torch.equal(next(model.parameters()), next(other.parameters()))


def test_penalties_are_what_the_reference_scripts_weigh() -> None:
    model, transr = model_of("distmult"), model_of("transr")
    assert isinstance(model, GeometricKGE) and isinstance(transr, TransRKGE)
    cubes = sum((table.detach().abs().numpy() ** 3).sum() for table in model.parameters())
    assert float(model.penalty(BATCH).detach()) == pytest.approx(cubes, rel=1e-5)
    entity, moved = transr.entity.detach().numpy(), transr.transr.translation.detach().numpy()
    rows = zip(BATCH.head.tolist(), BATCH.relation.tolist(), BATCH.tail.tolist(), strict=True)
    squares = [(entity[h] ** 2).sum() + (moved[r] ** 2).sum() + (entity[t] ** 2).sum() for h, r, t in rows]
    assert float(transr.penalty(BATCH).detach()) == pytest.approx(np.mean(squares) / 2, rel=1e-5)
