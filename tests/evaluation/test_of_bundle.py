from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphrec.bundle import ItemItemPart, VectorPart
from graphrec.evaluation.bundle_scorer import BundleScorer
from graphrec.sparse import CSR
from tests.bundle.worlds import kitchen, random_parts


@pytest.mark.parametrize("binary", [False, True])
def test_a_block_of_users_scores_as_each_does_when_served(binary):
    vectors, item_item = random_parts(kitchen(), seed=5)
    assert isinstance(item_item, ItemItemPart)
    ones = CSR(item_item.weights.indptr, item_item.weights.indices, None, item_item.weights.shape)
    parts = [vectors, replace(item_item, binary=binary), ItemItemPart(ones, weight=0.3)]
    bundle = kitchen().bundle(parts)
    for users in ([0, 1, 2, 3], [2], [3, 0, 0], []):
        block = BundleScorer(bundle).score(np.array(users, dtype=np.int64))
        assert block.shape == (len(users), 8) and block.dtype == np.float32
        for row, user in zip(block, users, strict=True):
            np.testing.assert_allclose(row, bundle.score_user(user), rtol=1e-5, atol=1e-6)


def test_a_bias_alone_is_scored():
    bias = np.arange(8, dtype=np.float32)
    bundle = kitchen().bundle(
        [VectorPart(np.zeros((4, 0), np.float32), np.zeros((8, 0), np.float32), bias, 2.0)]
    )
    np.testing.assert_array_equal(BundleScorer(bundle).score(np.array([1])), [2 * bias])
