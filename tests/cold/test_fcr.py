from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graphrec.cold.fcr import fcr
from graphrec.errors import InvalidInputError

PUBLISHED = [
    ("cora", 86.96, 69.02, 78.18, 32.86),
    ("citeseer", 72.44, 56.59, 45.00, 63.39),
    ("pubmed", 75.96, 73.51, 67.8, 76.91),
    ("arxiv", 71.54, 54.89, 68.26, 16.45),
    ("chameleon", 68.51, 58.65, 41.01, 73.61),
    ("column called squirrel", 31.95, 38.51, 22.85, 141.91),
    ("column called actor", 59.79, 37.93, 29.69, 57.93),
    ("column called cornell", 65.1, 86.26, 32.06, 139.04),
    ("column called texas", 61.08, 83.33, 52.08, 171.2),
    ("column called wisconsin", 81.62, 85.42, 40.62, 108.48),
]


@pytest.mark.parametrize(("name", "gnn", "mlp", "lp", "published"), PUBLISHED)
def test_the_papers_tables(name, gnn, mlp, lp, published):
    assert fcr(gnn, mlp, lp) == pytest.approx(published, abs=0.03)
    assert fcr(gnn / 100, mlp / 100, lp / 100) == pytest.approx(published, abs=0.03)


accuracies = st.floats(0.0, 100.0)


@given(accuracies, accuracies, accuracies)
def test_a_network_between_the_two_gives_a_share_and_a_beaten_one_more_than_all(gnn, mlp, lp):
    assume(lp < gnn - 1e-3)
    if mlp <= gnn:
        assert 0 <= fcr(gnn, mlp, lp) <= 100.0001
    else:
        assert 100 <= fcr(gnn, mlp, lp) <= 200


def test_continuous_where_features_alone_catch_up():
    assert fcr(70.0, 70.0, 50.0) == 100.0
    assert fcr(70.0, 70.0001, 50.0) == pytest.approx(100.0, abs=1e-3)


def test_no_gap_at_all_has_no_ratio():
    with pytest.raises(InvalidInputError, match="no gap"):
        fcr(70.0, 70.0, 70.0)
