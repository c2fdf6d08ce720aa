from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from graphrec.cold.features import sparse_rows
from graphrec.cold.relational_teacher import (
    RelationalNetwork,
    RelationalTeacher,
    RelationalTeacherConfig,
)
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR
from graphrec.store.columns import TrainData
from tests.models.planted import SIZE, checkerboard, scores_of_parts
from tests.training.small import small_data


def features_of(num_items, num_features=7, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.random((num_items, num_features)) * (rng.random((num_items, num_features)) < 0.5)
    rows, cols = np.nonzero(dense)
    return CSR.from_coo(rows, cols, dense[rows, cols].astype(np.float32), dense.shape)


def parity_features(num_items):
    """Two words for even items, two for odd ones, and one that all have."""
    item = np.repeat(np.arange(num_items), 2)
    word = np.tile([0, 1], num_items) * 2 + item % 2
    rows = np.concatenate([item, np.arange(num_items)])
    cols = np.concatenate([word, np.full(num_items, 4)])
    return CSR.from_coo(rows, cols, np.ones(len(rows), dtype=np.float32), (num_items, 5))


def network(data, features, **settings):
    config = RelationalTeacherConfig(dim=4, feature_dropout=0.0, **settings)
    made = RelationalNetwork(data, features, config, torch.Generator().manual_seed(0), "cpu")
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        made.structural.normal_(generator=generator)
        made.relation_scale.uniform_(0.2, 2.0, generator=generator)
    return made


@pytest.mark.parametrize("layers", [1, 3])
def test_vectors_are_those_of_dense_matrices_one_per_relation(layers):
    data, features = small_data(), features_of(15)
    made = network(data, features, num_layers=layers, structural_dropout=0.0)
    num_users, size = 12, 12 + 21
    entries = {}  # (relation, target, source) -> weight, both directions
    values = data.train.values
    for user, item, value in zip(data.train.row_index(), data.train.indices, values, strict=True):
        entries[0, int(user), int(item) + num_users] = entries[1, int(item) + num_users, int(user)] = float(
            value
        )
    for head, relation, tail in zip(data.kg.heads, data.kg.relations, data.kg.tails, strict=True):
        if head != tail:
            a, b, r = int(head) + num_users, int(tail) + num_users, int(relation)
            entries[2 + 2 * r, a, b] = entries[3 + 2 * r, b, a] = 1.0
    degree = torch.zeros(2, size)
    for (relation, target, _), weight in entries.items():
        degree[int(relation > 1), target] += weight
    total = torch.zeros(size, size)
    for (relation, target, source), weight in entries.items():
        of = degree[int(relation > 1)]
        scale = float(made.relation_scale[relation].detach())
        total[target, source] += scale * weight / float((of[target] * of[source]).sqrt())
    x = torch.zeros(size, 7)
    x[num_users : num_users + 15] = torch.from_numpy(features.to_scipy().toarray())
    hidden = [x @ made.of_features.weight.detach() + made.structural.detach()]
    for _ in range(layers):
        hidden.append(total @ hidden[-1])
    expected = torch.stack(hidden).mean(dim=0)
    found = made.eval().vectors()
    torch.testing.assert_close(found.users, expected[:12], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.items, expected[12:27], atol=1e-5, rtol=1e-4)


def test_features_join_as_a_sparse_product_with_its_gradient():
    matrix = features_of(9)
    dense = torch.from_numpy(matrix.to_scipy().toarray())
    weight = torch.randn(7, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    found, expected = sparse_rows(matrix).matmul(weight), dense @ weight
    torch.testing.assert_close(found, expected)
    ours, theirs = (torch.autograd.grad(y.square().sum(), weight)[0] for y in (found, expected))
    torch.testing.assert_close(ours, theirs)


def test_structural_dropout_takes_whole_items_and_in_training_alone():
    made = network(small_data(), features_of(15), structural_dropout=0.5)
    mapped = made.of_features(made.features, 0.0, made.generator)
    whole = made.eval().start()
    torch.testing.assert_close(whole[made.items], mapped + made.structural[made.items])
    made.train()
    starts = torch.stack([made.start() for _ in range(200)])
    assert torch.equal(starts[:, :12], whole[:12].expand(200, -1, -1))
    left_out = torch.isclose(starts[:, made.items], mapped, atol=1e-6).all(dim=2)
    kept = torch.isclose(starts[:, made.items], whole[made.items], atol=1e-6).all(dim=2)
    assert bool((left_out ^ kept).all())
    assert float(left_out.float().mean().detach()) == pytest.approx(0.5, abs=0.05)


def test_penalty_is_on_the_items_alone_squared_or_not():
    for squared in (True, False):
        made = network(small_data(), features_of(15), eta=3.0, squared=squared)
        own = made.structural.detach()[12:27]
        expected = 3.0 * float(own.square().sum()) ** (1.0 if squared else 0.5)
        loss = made.auxiliary_loss(made.vectors(), None)
        assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
        loss.backward()
        grad = made.structural.grad.abs().sum(dim=1) > 0
        assert grad.nonzero().flatten().tolist() == list(range(12, 27))


def test_items_start_at_their_features_and_users_and_attributes_at_random():
    data = small_data()
    config = RelationalTeacherConfig(dim=4)
    with_features = RelationalNetwork(data, features_of(15), config, torch.Generator().manual_seed(0), "cpu")
    length = with_features.structural.detach().norm(dim=1)
    assert (length[12:27] == 0).all()
    assert (length[:12] > 0).all() and (length[27:] > 0).all()
    without = RelationalNetwork(data, None, config, torch.Generator().manual_seed(0), "cpu")
    assert (without.structural.detach().norm(dim=1) > 0).all()


def fitted(data, features, seed=0, **settings):
    config = RelationalTeacherConfig(**({"dim": 16, "epochs": 40} | settings))
    return RelationalTeacher(config, features).fit(data, seed=seed)


def test_a_strong_penalty_leaves_items_to_their_features():
    data, features = small_data(valid=False), features_of(15)
    strong, none = (fitted(data, features, eta=eta, learning_rate=0.02) for eta in (1e3, 0.0))
    assert strong.item_structure.shape == (15, 16)
    assert np.abs(strong.item_structure).max() < 0.05 < np.abs(none.item_structure).max()


def test_withheld_items_come_first_and_the_score_is_the_sum_of_its_parts():
    data = checkerboard(weighted=True)
    model = fitted(data, parity_features(SIZE))
    scores = model.score(np.arange(SIZE))
    np.testing.assert_allclose(
        scores_of_parts(model, data.train, list(range(SIZE))), scores, rtol=1e-3, atol=1e-4
    )
    assert (np.argsort(-scores, axis=1)[:, : SIZE // 2] % 2 == np.arange(SIZE)[:, None] % 2).all()
    again = fitted(data, parity_features(SIZE))
    np.testing.assert_array_equal(again.score(np.arange(SIZE)), scores)


def test_new_items_are_placed_by_features_alone():
    data = checkerboard()
    model = fitted(TrainData(data.train, None, data.kg), parity_features(SIZE))
    new = parity_features(SIZE + 6)
    alone = model.alone(new)[SIZE:]
    scores = model.user_vectors @ alone.T
    even = np.arange(6) % 2 == 0
    for user in range(SIZE):
        like = scores[user, even if user % 2 == 0 else ~even]
        assert like.min() > scores[user, ~even if user % 2 == 0 else even].max()


def test_an_item_without_edges_stands_where_its_features_put_it():
    data = checkerboard(extra_items=2)
    features = parity_features(SIZE + 2)
    model = fitted(data, features, eta=1e3, epochs=3)
    expected = features.to_scipy()[SIZE:] @ model.feature_map
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(model.alone(features)[SIZE:], expected, rtol=1e-5)
    np.testing.assert_allclose(model.bank()[SIZE:], expected, atol=0.1)
    np.testing.assert_array_equal(model.bank(), model.item_vectors)


def test_what_does_not_fit_is_an_error_and_decay_is_refused():
    with pytest.raises(InvalidInputError, match="9 items"):
        fitted(small_data(), features_of(9))
    model = fitted(small_data(), features_of(15), epochs=1)
    with pytest.raises(InvalidInputError, match="learned 7"):
        model.alone(features_of(3, num_features=5))
    assert not fitted(small_data(), None, epochs=1).alone(features_of(3)).any()
    with pytest.raises(ValidationError):
        RelationalTeacherConfig(weight_decay=0.1)
