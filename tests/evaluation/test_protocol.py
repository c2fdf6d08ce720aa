"""`evaluate` against plain loops: every metric, ties, empty users, masks, slices, blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.evaluation import evaluate, rank
from graphrec.sparse import CSR
from tests.evaluation import oracle


class Matrix:
    """A scorer that hands out rows of its own matrix."""

    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.float32)

    def score(self, users):
        return self.values[users]


def csr(rows, num_items):
    pairs = [(user, item) for user, items in enumerate(rows) for item in sorted(items)]
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return CSR.from_coo(users, items, None, (len(rows), num_items))


@st.composite
def cases(draw):
    num_users, num_items = draw(st.integers(1, 6)), draw(st.integers(1, 130))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = draw(st.sampled_from([2, 5, 1000]))  # few levels: many ties
    scores = rng.integers(0, levels, size=(num_users, num_items)).astype(np.float32)
    state = rng.choice(
        4, size=(num_users, num_items), p=draw(st.sampled_from([[0.5, 0.3, 0.2, 0], [0.1, 0.8, 0.1, 0]]))
    )
    seen = [set(np.flatnonzero(row == 1).tolist()) for row in state]
    test = [set(np.flatnonzero(row == 2).tolist()) for row in state]
    return scores, seen, test


@settings(max_examples=150, deadline=None)
@given(cases(), st.sampled_from([(1,), (3, 10), (20,), (200,)]), st.integers(1, 4))
def test_every_metric_equals_plain_loops(case, ks, block):
    scores, seen, test = case
    num_items = scores.shape[1]
    data = csr(seen, num_items), csr(test, num_items)
    if not any(test):
        with pytest.raises(InvalidInputError, match="No user has a test interaction"):
            evaluate(Matrix(scores), data)
        return
    result = evaluate(Matrix(scores), data, ks=ks, kgat=True, block=block)
    users = [user for user in range(len(scores)) if test[user]]
    assert result.users.tolist() == users
    orders = {user: oracle.ranked(scores[user].tolist(), seen[user]) for user in users}
    for k in ks:
        expected = [oracle.user_metrics(orders[user], test[user], k) for user in users]
        for name in expected[0]:
            values = [row[name] for row in expected]
            np.testing.assert_allclose(result.per_user[name], values, atol=1e-12, err_msg=name)
            assert result[name] == pytest.approx(np.mean(values))
        listed = [item for user in users for item in orders[user][:k]]
        exposure = [listed.count(item) for item in range(num_items)]
        popularity = [sum(item in row for row in seen) for item in range(num_items)]
        assert result[f"coverage@{k}"] == pytest.approx(len(set(listed)) / num_items)
        assert result[f"gini@{k}"] == pytest.approx(oracle.gini(exposure))
        assert result[f"popularity@{k}"] == pytest.approx(
            np.mean([popularity[i] for i in listed]) if listed else 0
        )


@settings(max_examples=50, deadline=None)
@given(cases())
def test_item_slices_keep_the_ranking_and_count_their_own_test_items(case):
    scores, seen, test = case
    num_items = scores.shape[1]
    if not any(test):
        return
    result = evaluate(Matrix(scores), (csr(seen, num_items), csr(test, num_items)), ks=(5,))
    popularity = [sum(item in row for row in seen) for item in range(num_items)]
    cold = {item for item in range(num_items) if popularity[item] == 0}
    rows = [
        oracle.user_metrics(oracle.ranked(scores[user].tolist(), seen[user]), test[user] & cold, 5)
        for user in range(len(scores))
        if test[user] & cold
    ]
    if not rows:
        assert "items/isolation" not in result.slices
    else:
        found = result.slices["items/isolation"]
        assert found["users"] == len(rows)
        for name in ("recall@5", "ndcg@5", "mrr@5"):
            assert found[name] == pytest.approx(np.mean([row[name] for row in rows]))
    counted = sum(found["users"] for name, found in result.slices.items() if name.startswith("users/"))
    assert counted == result.num_users


def test_equal_scores_rank_by_item_id():
    lists = next(rank(Matrix(np.zeros((1, 50))), np.array([0]), csr([{1, 3}], 50), 5)).items
    assert lists.tolist() == [[0, 2, 4, 5, 6]]


def test_user_without_test_items_is_skipped_and_never_divided_by():
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    result = evaluate(Matrix(scores), (csr([set(), {0}], 3), csr([set(), {2}], 3)), ks=(1,))
    assert result.users.tolist() == [1]
    assert result["recall@1"] == 1.0


def test_recall_divides_by_the_test_set_not_by_k():
    result = evaluate(Matrix([[5.0, 4.0, 3.0, 2.0, 1.0]]), (csr([set()], 5), csr([{0, 1, 2, 4}], 5)), ks=(2,))
    assert result["recall@2"] == 0.5
    assert result["ndcg@2"] == 1.0


def test_both_ndcgs_by_hand():
    """Ranks 1 and 3 hit, three test items, the third never listed: the KGAT ideal knows only two."""
    scores = np.full((1, 300), 0.0)
    scores[0, :4] = [9, 8, 7, 6]
    result = evaluate(Matrix(scores), (csr([set()], 300), csr([{0, 2, 299}], 300)), ks=(20,), kgat=True)
    gain = 1 + 1 / np.log2(4)
    assert result["ndcg@20"] == pytest.approx(gain / (1 + 1 / np.log2(3) + 1 / np.log2(4)))
    assert result["ndcg_kgat@20"] == pytest.approx(gain / (1 + 1 / np.log2(3)))


def test_a_duplicated_test_row_counts_once():
    test = CSR(np.array([0, 3]), np.array([1, 1, 2], dtype=np.int32), None, (1, 4))
    result = evaluate(Matrix([[0.0, 9.0, 1.0, 2.0]]), (csr([set()], 4), test), ks=(1,))
    assert result["recall@1"] == 0.5


def test_candidates_restrict_ranking_and_test():
    scores = np.array([[9.0, 8.0, 7.0, 6.0]])
    result = evaluate(
        Matrix(scores), (csr([set()], 4), csr([{0, 3}], 4)), ks=(1, 2), candidates=np.array([2, 3])
    )
    assert result["recall@1"] == 0.0
    assert result["recall@2"] == 1.0


def test_evaluation_leaves_the_scorers_memory_as_it_was():
    class Shared(Matrix):
        def score(self, users):
            return self.values

    scorer = Shared(np.arange(12.0).reshape(2, 6))
    before = scorer.values.copy()
    evaluate(scorer, (csr([{5}, {4}], 6), csr([{0}, {0}], 6)))
    np.testing.assert_array_equal(scorer.values, before)


def test_k_beyond_the_catalogue_and_a_user_who_has_seen_everything():
    data = csr([{0, 1, 2}, set()], 3), csr([{0}, {2}], 3)
    result = evaluate(Matrix(np.ones((2, 3))), data, ks=(50,))
    assert result.per_user["recall@50"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.ones((2, 5)), r"must have shape \(2, 3\), but \(2, 5\)"),
        ([[0, np.nan, 0], [0, 0, 0]], "user 0 hold NaN"),
    ],
)
def test_wrong_scores_are_named(scores, message):
    with pytest.raises(InvalidInputError, match=message):
        evaluate(Matrix(scores), (csr([set(), set()], 3), csr([{0}, {1}], 3)))


def test_wrong_arguments_are_named():
    data = csr([set()], 3), csr([{0}], 3)
    with pytest.raises(InvalidInputError, match="at least 1"):
        evaluate(Matrix(np.ones((1, 3))), data, ks=(0,))
    with pytest.raises(InvalidInputError, match="score"):
        evaluate(data, Matrix(np.ones((1, 3))))
    with pytest.raises(InvalidInputError, match="No user"):
        evaluate(Matrix(np.ones((1, 3))), (data[0], csr([set()], 3)))


def test_result_as_json_has_means_errors_and_slices():
    result = evaluate(Matrix(np.eye(3)), (csr([{1}, {2}, {0}], 3), csr([{0}, {1}, {2}], 3)), ks=(1,))
    found = result.to_json()
    assert found["metrics"]["recall@1"] == 1.0
    assert found["standard_errors"]["recall@1"] == 0.0
    assert set(found["slices"]) == {"items/head", "users/head"}
    assert result.users_per_second > 0
