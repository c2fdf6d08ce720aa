"""`graphrec train --features DIR`: the rows reach the model, the bundle says where they came from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from graphrec.bundle import read_bundle
from graphrec.cli.main import execute
from graphrec.encoders.feature_set import FeatureAbout, FeatureSet, write_feature_set
from graphrec.errors import BundleMismatchError, ConfigError, CorruptionError, NotFoundError
from graphrec.models.base import TrainData
from graphrec.models.registry import create_model
from graphrec.store import GraphStore
from graphrec.store.snapshot_write import write_snapshot
from graphrec.training import train_from_store
from tests.training.test_from_store import fill

PLAIN = [
    "memory.enabled=false",
    "cold_items.enabled=false",
    "cold_users.enabled=false",
    "request.enabled=false",
]


@pytest.fixture
def store(tmp_path):
    with GraphStore.open(f"sqlite:///{tmp_path / 'tiny.db'}") as opened:
        fill(opened)
        yield opened


def write(folder, ids, rows, node_type="recipe"):
    return write_feature_set(
        folder, rows, ids, node_type=node_type, about=FeatureAbout(method="by hand", text_hash="abc")
    )


@pytest.fixture
def given(tmp_path):
    """Features of all recipes but r4, in another order than the store's, and of one that the store lacks."""
    rng = np.random.default_rng(2)
    ids = [f"r{n}" for n in rng.permutation(30).tolist() if n != 4] + ["elsewhere"]
    rows = rng.normal(size=(30, 6)).astype(np.float32)
    return write(tmp_path / "vectors", ids, rows), dict(zip(ids, rows, strict=True))


def train(store, out, features, model="ease", overrides=(), **more):
    return train_from_store(
        store, model=model, out=out, features=features, overrides=[*PLAIN, *overrides], device="cpu",
        progress=False, **more,
    )  # fmt: skip


def test_the_shipped_model_is_fitted_on_everything_with_the_items_own_rows(store, given, tmp_path):
    folder, rows = given
    report = train(store, tmp_path / "m", folder, overrides=["top_weights=0"])
    bundle = read_bundle(tmp_path / "m")
    snapshot = write_snapshot(store, tmp_path / "again")
    ids = list(snapshot.ids("recipe"))
    ordered = np.stack([rows.get(name, np.zeros(6, np.float32)) for name in ids])
    assert not ordered[ids.index("r4")].any()
    data = TrainData(snapshot.interactions.matrix(), None, snapshot.knowledge_graph(), ordered)
    settings = {"top_weights": 0}
    expected = create_model("ease", settings).fit(data).score(np.arange(20))
    blind = create_model("ease", settings).fit(TrainData(data.train)).score(np.arange(20))
    found = np.stack([bundle.score_user(user) for user in range(20)])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(found - blind).max() > 1e-3
    facts = bundle.manifest["features"]
    assert facts == report["features"]
    assert (facts["method"], facts["dim"], facts["described"], facts["missing"]) == ("by hand", 6, 29, 1)
    assert facts["fingerprint"] == FeatureSet.load(folder).fingerprint
    card = (tmp_path / "m" / "README.md").read_text()
    assert f"6 features per item by by hand (`{facts['fingerprint']}`), for 29 of 30 items" in card
    assert "they say nothing of items that join later" in card
    assert str(folder) not in card + json.dumps(bundle.manifest)


def test_a_settings_file_may_name_them_and_the_run_repeats(store, given, tmp_path):
    folder, _ = given
    (tmp_path / "run.toml").write_text(f"features = '{folder}'\nepochs = 2\ndim = 4\n")
    for name in ("one", "two"):
        train(store, tmp_path / name, None, "lightgcn", config=tmp_path / "run.toml")
    one, two = (read_bundle(tmp_path / name) for name in ("one", "two"))
    np.testing.assert_array_equal(one.score_user(3), two.score_user(3))
    assert "features" in one.manifest
    assert "features" not in one.manifest["run"]
    train(store, tmp_path / "off", folder, "lightgcn", ["epochs=2", "dim=4", "feature_weight=0"])
    assert np.abs(read_bundle(tmp_path / "off").score_user(3) - one.score_user(3)).max() > 1e-4


def test_ckgat_joined_with_ease_hands_them_to_both(store, given, tmp_path):
    quick = ["epochs=2", "dim=4", "eval_every=1", "blend.ridges=[10]", "blend.weights=[1.0]"]
    train(store, tmp_path / "m", given[0], "ckgat", quick)
    train(store, tmp_path / "plain", None, "ckgat", quick)
    with_features, without = (read_bundle(tmp_path / name) for name in ("m", "plain"))
    assert [part.kind for part in with_features.parts] == [part.kind for part in without.parts]
    for part, other in zip(with_features.parts, without.parts, strict=True):
        values = [
            one.items if hasattr(one, "items") else one.weights.to_scipy().toarray() for one in (part, other)
        ]
        assert np.abs(values[0] - values[1]).max() > 1e-4


@pytest.mark.parametrize(
    ("ids", "node_type", "message"),
    [
        (None, None, "rows without names, but this store's items are of type recipe"),
        ([f"r{n}" for n in range(30)], "ingredient", "of type ingredient, but"),
        ([f"x{n}" for n in range(30)], "recipe", "name none of the 30 items"),
    ],
)
def test_features_of_other_nodes_are_refused(store, tmp_path, ids, node_type, message):
    folder = write(tmp_path / "other", ids, np.ones((30, 2), np.float32), node_type)
    with pytest.raises(BundleMismatchError, match=message):
        train(store, tmp_path / "m", folder)
    assert not (tmp_path / "m").exists()


def test_what_cannot_be_used_is_found_before_any_work(store, given, tmp_path):
    folder, _ = given
    with pytest.raises(ConfigError, match="popularity has no use for item features"):
        train(store, tmp_path / "m", folder, "popularity")
    with pytest.raises(NotFoundError, match="no features at"):
        train(store, tmp_path / "m", tmp_path / "nowhere")
    content = bytearray((folder / "features.npy").read_bytes())
    content[-1] ^= 1
    (folder / "features.npy").write_bytes(content)
    with pytest.raises(CorruptionError, match=r"features\.npy is not what was written"):
        train(store, tmp_path / "m", folder)
    assert not (tmp_path / "tiny.db.snapshots").exists()


def test_the_command_says_how_many_items_lack_them_and_serves_as_ever(store, given, tmp_path, capsys):
    url, bundle = f"sqlite:///{tmp_path / 'tiny.db'}", str(tmp_path / "m")
    quick = [word for setting in PLAIN for word in ("--set", setting)]
    words = [
        "train",
        "--store",
        url,
        "--model",
        "item_knn",
        "--out",
        bundle,
        "--features",
        str(given[0]),
        *quick,
    ]
    assert execute([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["features"]["missing"] == 1
    assert "Trained without features: 1 items" in err
    assert execute(["recommend", "--model", bundle, "--store", url, "--user", "u1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["items"]) == 10
    (tmp_path / "test.csv").write_text("user,recipe\nu1,r4\nu2,r9\n")
    wanted = ["evaluate", "--model", bundle, "--store", url, "--test", str(tmp_path / "test.csv"), "--json"]
    assert execute(wanted) == 0
    assert "recall@20" in capsys.readouterr().out
    assert (
        execute(
            ["train", "--store", url, "--model", "popularity", "--out", bundle, "--features", str(given[0])]
        )
        == 2
    )
    assert capsys.readouterr().err.strip().count("\n") == 0
