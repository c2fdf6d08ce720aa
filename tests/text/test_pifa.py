"""Label embeddings by hand, against dense products, and their projected form."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.text.pifa import pifa, pifa_entries
from graphrec.text.principal_sketch import PrincipalSketch, label_sample
from graphrec.text.projection import CountSketch, project_blocks


def random_problem(seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    generator = np.random.default_rng(seed)
    instances, labels, terms = generator.integers(1, 40, size=3)
    y = sp.csr_matrix((generator.random((instances, labels)) < 0.2).astype(np.float32))
    x = generator.random((instances, terms)) * (generator.random((instances, terms)) < 0.3)
    return y, sp.csr_matrix(x.astype(np.float32))


def dense_oracle(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    def unit(m: np.ndarray) -> np.ndarray:
        length = np.linalg.norm(m, axis=1, keepdims=True)
        return m / np.where(length == 0, 1, length)

    return unit(unit(y.astype(np.float64)).T @ x.astype(np.float64))


def test_a_graph_of_four_nodes_by_hand() -> None:
    """0 - 1, 0 - 2; node 3 is nobody's neighbour. Rows of Y: (0,1,1,0)/sqrt2, (1,0,0,0), (1,0,0,0), 0."""
    y = sp.csr_matrix(np.array([[0, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=np.float32))
    x = np.array([[1, 0, 0], [3, 4, 0], [0, 0, 2], [9, 9, 9]], dtype=np.float32)
    # Z_0 = x_1 + x_2 = (3,4,2); Z_1 = Z_2 = x_0 / sqrt2; Z_3 = 0
    wanted = np.array([np.array([3, 4, 2]) / np.sqrt(29), [1, 0, 0], [1, 0, 0], [0, 0, 0]])
    for form in (x, sp.csr_matrix(x)):
        z = pifa(y, form)
        assert type(z) is type(form)
        dense = z if isinstance(z, np.ndarray) else z.toarray()
        assert dense.dtype == np.float32
        np.testing.assert_allclose(dense, wanted, atol=1e-7)


def test_an_instance_with_many_labels_counts_less() -> None:
    """Without unit rows of Y label 0 would point halfway between its two instances."""
    y = sp.csr_matrix(np.array([[1, 1, 1, 1], [1, 0, 0, 0]], dtype=np.float32))
    z = pifa(y, np.eye(2, dtype=np.float32))
    np.testing.assert_allclose(z[0], np.array([0.5, 1.0]) / np.sqrt(1.25), atol=1e-6)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_both_forms_agree_with_the_dense_product(seed: int) -> None:
    y, x = random_problem(seed)
    wanted = dense_oracle(y.toarray(), x.toarray())
    sparse = pifa(y, x)
    np.testing.assert_allclose(sparse.toarray(), wanted, atol=1e-6)
    np.testing.assert_allclose(pifa(y, x.toarray()), wanted, atol=1e-6)
    assert sparse.has_sorted_indices and sparse.nnz <= pifa_entries(y, x)
    lengths = np.linalg.norm(sparse.toarray(), axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


def test_rows_must_belong_to_each_other() -> None:
    with pytest.raises(InvalidInputError, match="2 instances, the features 3"):
        pifa(sp.csr_matrix(np.eye(2, dtype=np.float32)), np.ones((3, 2), dtype=np.float32))


def test_a_sketch_is_its_own_matrix_applied_to_the_rows() -> None:
    """Linear, with `spread` entries of one size per term: the matrix read off unit vectors gives every product."""
    sketch = CountSketch(50, dim=16, seed=4, spread=2)
    matrix = sketch(sp.eye(50, format="csr", dtype=np.float32))
    assert ((matrix != 0).sum(axis=1) == 2).all()
    np.testing.assert_allclose((matrix**2).sum(axis=1), 1.0, rtol=1e-6)
    x = sp.random(30, 50, density=0.2, format="csr", dtype=np.float32, random_state=1)
    np.testing.assert_allclose(sketch(x), x.toarray() @ matrix, atol=1e-5)


def test_a_sketch_keeps_inner_products_within_its_error() -> None:
    x = sp.random(200, 4000, density=0.02, format="csr", dtype=np.float32, random_state=2)
    x = sp.csr_matrix(x.multiply(1 / np.sqrt(x.multiply(x).sum(axis=1))))
    exact = (x @ x.T).toarray()
    errors = {}
    for dim in (64, 256):
        rows = CountSketch(4000, dim=dim, seed=0)(x)
        errors[dim] = (rows @ rows.T - exact)[~np.eye(200, dtype=bool)]
        assert errors[dim].std() < 1.3 / np.sqrt(dim)
        assert abs(errors[dim].mean()) < 0.01
    assert errors[256].std() < 0.6 * errors[64].std()


def test_blocks_give_what_the_whole_gives_and_are_counted() -> None:
    x = sp.random(50, 300, density=0.1, format="csr", dtype=np.float32, random_state=3)
    sketch = CountSketch(300, dim=32, seed=9)
    assert np.array_equal(project_blocks([x[:7], x[7:40], x[40:]], sketch, 50), sketch(x))
    assert np.array_equal(CountSketch(300, dim=32, seed=9)(x), sketch(x))
    assert not np.array_equal(CountSketch(300, dim=32, seed=8)(x), sketch(x))
    for rows in (49, 51):
        with pytest.raises(InvalidInputError, match=f"{rows}"):
            project_blocks([x[:7], x[7:]], sketch, rows)
    with pytest.raises(InvalidInputError, match="300 terms"):
        sketch(x[:, :200])
    with pytest.raises(InvalidInputError, match="cannot be spread"):
        CountSketch(10, dim=2, spread=3)


def themes(num_rows: int, seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Rows that mix a few of 20 themes of 100 terms each, and labels that each stand for one theme."""
    generator = np.random.default_rng(seed)
    theme = generator.integers(0, 20, size=num_rows)
    columns = theme[:, None] * 100 + generator.integers(0, 100, size=(num_rows, 15))
    noise = generator.integers(0, 2000, size=(num_rows, 10))
    columns = np.concatenate([columns, noise], axis=1)
    places = (np.ones(columns.size, np.float32), (np.repeat(np.arange(num_rows), 25), columns.ravel()))
    x = sp.csr_matrix(places, shape=(num_rows, 2000))
    label = theme * 5 + generator.integers(0, 5, size=num_rows)
    y = sp.csr_matrix((np.ones(num_rows, np.float32), (np.arange(num_rows), label)), shape=(num_rows, 100))
    return y, x


def test_main_axes_keep_what_a_sketch_of_their_size_loses() -> None:
    y, x = themes(2000, seed=0)
    exact = pifa(y, x)
    cosines = (exact @ exact.T).toarray()
    rows, sampled = label_sample(y, max_labels=60)
    main = PrincipalSketch(2000, dim=24, wide=512)
    main.learn(x[rows], sampled)
    errors = []
    for sketch in (main, CountSketch(2000, dim=24)):
        z = pifa(y, sketch(x))
        errors.append(np.abs(z @ z.T - cosines)[~np.eye(100, dtype=bool)].mean())
    assert errors[0] < 0.5 * errors[1]


def test_all_axes_turn_the_sketch_and_lose_nothing() -> None:
    y, x = themes(300, seed=1)
    full = PrincipalSketch(2000, dim=64, wide=64, seed=3)
    with pytest.raises(InvalidInputError, match="call learn first"):
        full(x)
    full.learn(x, y)
    plain = CountSketch(2000, dim=64, seed=3)(x)
    np.testing.assert_allclose(full(x) @ full(x).T, plain @ plain.T, rtol=1e-4, atol=1e-3)
    with pytest.raises(InvalidInputError, match="no 65 main axes"):
        PrincipalSketch(2000, dim=65, wide=64)


def test_a_sample_holds_all_instances_of_its_labels_in_their_weights() -> None:
    y, _ = random_problem(8)
    y = sp.csr_matrix(np.vstack([y.toarray(), np.ones((3, y.shape[1]))]).astype(np.float32))
    unit = y.toarray() / np.linalg.norm(y.toarray(), axis=1, keepdims=True).clip(1e-9)
    rows, sampled = label_sample(y, seed=2, max_labels=4)
    assert sampled.shape[1] == 4
    for column in sampled.toarray().T:
        whole = np.zeros(len(unit))
        whole[rows] = column
        assert any(np.allclose(whole, wanted, atol=1e-6) for wanted in unit.T)
    few, narrow = label_sample(y, seed=2, max_rows=5)
    assert narrow.shape[1] == 1 and len(few) == np.count_nonzero(narrow.toarray())
