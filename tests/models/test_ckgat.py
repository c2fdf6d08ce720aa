"""C-KGAT: views, the two contrastive tasks, reliability of interactions, and items known by their triples alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.models.base import TrainData
from graphrec.models.ckgat import CKGAT, CKGATConfig
from graphrec.models.objective import Batch
from graphrec.models.registry import create_model
from graphrec.sparse import CSR
from graphrec.store.columns import KnowledgeGraph
from graphrec.training.losses import info_nce
from tests.training.small import small_data

FORMS = {
    "default": {},
    "bi-interaction": {"aggregator": "bi_interaction"},
    "attention": {"relation": "transr", "kg_batch": 32},
    "all of kgat": {"relation": "transr", "aggregator": "bi_interaction", "kg_batch": 32},
}


@pytest.fixture(scope="module")
def data():
    return small_data()


def build(data, seed=0, **settings):
    network = CKGAT(CKGATConfig(**{"dim": 6} | settings)).build(
        data, torch.Generator().manual_seed(seed), "cpu"
    )
    network.begin_epoch(0)
    return network


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("contrast", ["views", "one_pass", "none"])
def test_every_form_trains_and_repeats(data, form, contrast):
    settings = {"dim": 6, "epochs": 6, "eval_every": 6, "batch_users": 4, "contrast": contrast} | FORMS[form]
    losses = []
    model = create_model("ckgat", settings).fit(data, seed=1, log=lambda r: losses.append(r["loss"]))
    assert losses[-1] < losses[0]
    again = create_model("ckgat", settings).fit(data, seed=1)
    np.testing.assert_array_equal(model.score(np.arange(12)), again.score(np.arange(12)))


@pytest.mark.parametrize("form", FORMS)
def test_views_differ_from_each_other_and_a_seed_repeats_them(data, form):
    one, other, again = build(data, **FORMS[form]), build(data, 1, **FORMS[form]), build(data, **FORMS[form])
    first, second = one.view(), one.view()
    assert not torch.allclose(first, second, atol=1e-3)
    assert torch.equal(first, again.view())
    assert not torch.allclose(first, other.view(), atol=1e-3)
    assert torch.isfinite(first).all()


@pytest.mark.parametrize("form", FORMS)
def test_a_view_that_loses_nothing_is_the_whole_graph(data, form):
    network = build(data, edge_drop=0.0, knowledge_drop=0.0, dropout=0.0, **FORMS[form])
    found = network.vectors()
    whole = torch.cat([found.users, found.items])
    torch.testing.assert_close(network.view()[: len(whole)], whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("relation", ["scalar", "transr"])
def test_a_node_that_lost_every_edge_hears_nothing(data, relation):
    network = build(data, relation=relation, node_drop=0.6, edge_drop=0.0, knowledge_drop=0.0)
    values = []
    network.encode = lambda edge_values: (values.append(edge_values), network.embedding)[1:]
    network.final = lambda edge_values: (values.append(edge_values), network.embedding)[1]
    network.view()
    edges, alone = network.graph.edges, 0
    for node in range(edges.num_nodes):
        heard = float(values[0][edges.target == node].detach().sum())
        # a dropped node, or one whose neighbours are all dropped
        alone += heard == 0.0
        if relation == "transr":
            assert heard == pytest.approx(1.0, abs=1e-5) or heard == 0.0
    assert alone > edges.num_nodes // 3


def test_the_loss_is_the_sum_of_its_tasks(data):
    network = build(data, contrast="one_pass", contrast_weight=0.3, consistency_weight=0.7, denoise=0.0)
    network.train()
    vectors = network.vectors()
    users, items = torch.tensor([1, 4, 5]), torch.tensor([2, 3, 7, 8])
    batch = Batch(users, torch.tensor([0, 0, 1, 2]), items.flip(0), torch.tensor([0, 1, 2, 3]))
    first, final = vectors.extra["first"], vectors.extra["final"]
    contrast = info_nce(first[users], final[users], 0.2) + info_nce(first[items + 12], final[items + 12], 0.2)
    known = network.knowledge_view()[12 + items]
    consistency = info_nce(vectors.items[items], known, 0.2)
    found = network.auxiliary_loss(vectors, batch)
    torch.testing.assert_close(found, 0.3 * contrast + 0.7 * consistency)
    off = build(data, contrast="none", consistency_weight=0.0)
    assert off.auxiliary_loss(off.vectors(), batch) is None


def test_noise_is_for_training_alone_and_has_the_configured_length(data):
    network = build(data, contrast="one_pass", noise=0.2, num_layers=1, denoise=0.0)
    network.eval()
    quiet = network.vectors().extra["final"]
    assert torch.equal(quiet, network.vectors().extra["final"])
    network.train()
    moved = (network.vectors().extra["final"] - quiet).norm(dim=1)
    silent = quiet.norm(dim=1) < 1e-8  # a node without a message has no direction to move in
    torch.testing.assert_close(moved[~silent], torch.full((int((~silent).sum()),), 0.2), rtol=1e-4, atol=1e-5)


def test_the_knowledge_view_is_one_step_over_the_triples(data):
    network = build(data)
    graph = network.graph
    dense = torch.zeros(graph.num_nodes, graph.num_nodes)
    norm = torch.where(graph.is_knowledge, graph.norm, 0.0)
    scale = torch.linspace(0.5, 2, graph.num_relations)
    with torch.no_grad():
        network.relation_scale.copy_(scale)
    dense.index_put_(
        (graph.edges.target, graph.edges.source), norm * scale[graph.edges.relation], accumulate=True
    )
    torch.testing.assert_close(network.knowledge_view(), dense @ network.embedding, rtol=1e-4, atol=1e-5)
    assert not network.knowledge_view()[:12].any()  # users have no triples


def test_contrast_comes_once_in_so_many_steps_however_short_an_epoch_is(data):
    network = build(data, contrast_every=3)
    for steps in (1, 2, 3, 8):
        due = 0
        for epoch in range(12):
            network.begin_epoch(epoch)
            due += sum(network._contrast_is_due() for _ in range(steps))
        assert due == pytest.approx(12 * steps / 3, abs=2)


CLUSTERS, SIZE = 4, 60


def clustered(noise_share, seed=0, *, knowledge=True):
    """Users choose within a cluster of items, which share an attribute; some choices are random. And which."""
    rng = np.random.default_rng(seed)
    items = CLUSTERS * 15
    liked, noisy = {}, set()
    for user in range(SIZE):
        own = np.arange(user % CLUSTERS * 15, user % CLUSTERS * 15 + 15)
        liked |= dict.fromkeys((user, int(i)) for i in rng.choice(own, 8, replace=False))
        if rng.random() < noise_share * 8:
            other = int(rng.choice(np.setdiff1d(np.arange(items), own)))
            liked[user, other] = None
            noisy.add((user, other))
    pairs = np.array(sorted(liked))
    train = CSR.from_coo(pairs[:, 0], pairs[:, 1], None, (SIZE, items))
    attribute = items + np.arange(items) // 15
    kg = KnowledgeGraph(
        np.arange(items), np.zeros(items, dtype=np.int64), attribute, items, items + CLUSTERS, 1
    )
    return TrainData(train, None, kg if knowledge else None), np.array(
        [tuple(p) in noisy for p in pairs.tolist()]
    )


@pytest.mark.parametrize("knowledge", [True, False])
def test_random_interactions_are_trusted_less_than_consistent_ones(knowledge):
    data, noisy = clustered(0.08, knowledge=knowledge)
    assert noisy.sum() > 20
    trust = build(data, denoise=0.6, dim=32).interaction_weight().numpy()
    assert trust.shape == (data.train.nnz,)
    assert trust.min() >= 0.4 - 1e-6
    assert trust.max() <= 1.0
    assert trust[noisy].mean() < trust[~noisy].mean() - 0.15
    order = np.argsort(np.argsort(trust))
    area = (order[noisy].mean() - (noisy.sum() - 1) / 2) / (~noisy).sum()  # chance that noise is trusted more
    assert area < 0.1


def test_without_denoising_everything_is_trusted(data):
    assert build(data, denoise=0.0).interaction_weight() is None


def test_reliability_reaches_the_graph(data):
    trusting, doubting = build(data, denoise=0.0), build(data, denoise=0.9)
    doubting.reliability = torch.linspace(0.1, 1, data.train.nnz)
    with torch.no_grad():
        doubting.embedding.copy_(trusting.embedding)
    expected = trusting.graph.renormalised(
        torch.cat([doubting.reliability, torch.ones(1)])[trusting.graph.interaction]
    )
    doubting._trusted_norm = doubting.graph.renormalised(doubting._trust())
    torch.testing.assert_close(doubting._values(None), trusting.edge_values(norm=expected))
    view = doubting._values(torch.ones(doubting.graph.edges.num_edges))
    torch.testing.assert_close(view, doubting._values(None))


def test_an_item_with_one_interaction_is_found_through_its_triples():
    """The newest item of each cluster has been tried once, by a newcomer: only its triples tell whose it is."""
    data, _ = clustered(0.0)
    newest = np.arange(CLUSTERS) * 15
    rows, cols = data.train.row_index(), data.train.indices
    keep = ~np.isin(cols, newest)
    users, items = np.concatenate([rows[keep], SIZE + newest // 15]), np.concatenate([cols[keep], newest])
    train = CSR.from_coo(users, items, None, (SIZE + CLUSTERS, CLUSTERS * 15))

    def stand_before(use_knowledge, seed):
        settings = {"dim": 16, "epochs": 25, "gate_start": 0.0, "item_bias": False}
        model = create_model("ckgat", settings | {"use_knowledge": use_knowledge})
        scores = model.fit(TrainData(train, None, data.kg), seed=seed).score(np.arange(SIZE))
        counts = []
        for user in range(SIZE):
            unseen = np.setdiff1d(np.arange(CLUSTERS * 15), train.row(user))
            counts.append(int((scores[user, unseen] > scores[user, newest[user % CLUSTERS]]).sum()))
        return np.mean(counts)

    informed, blind = (np.mean([stand_before(known, seed) for seed in range(3)]) for known in (True, False))
    assert informed < 12  # of some fifty unseen items, seven of them of the user's own cluster
    assert blind > informed + 3
