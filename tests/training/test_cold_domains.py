"""A bundle whose items of two styles nobody chose, before and after they learn from six others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graphrec.adapt.config import StopConfig
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.item_scorer import ITEM_ADAPT, ItemValues
from graphrec.bundle import ProfilePart, read_bundle
from graphrec.errors import BundleMismatchError, InvalidInputError, NotFoundError
from graphrec.nlu.recommender import Recommender
from graphrec.ranking.cold_items import load_cold
from graphrec.store import GraphStore
from graphrec.training import cold_domains, train_from_store
from graphrec.training.cold_domain_rows import WordRows, content_part, rewritten
from graphrec.training.cold_domain_view import DomainItems, view
from graphrec.training.cold_domains import ColdDomainConfig, adapt_items
from graphrec.training.cold_student import binary

STYLES = {
    "curry": "coconut milk", "pasta": "spaghetti", "cake": "flour", "taco": "tortillas", "salad": "cucumber",
    "sushi": "nori", "chili": "kidney beans", "roast": "butter",
}  # fmt: skip
EXTRAS = ["onion", "garlic", "carrot", "celery", "spinach", "corn", "peas", "lime"]
DISHES, USERS, COLD = 8, 48, ("taco", "chili")
RING = DomainGraph.from_edges(tuple(STYLES), list(zip(STYLES, [*list(STYLES)[1:], "curry"], strict=True)))
DOMAIN_OF = {f"{style}-{n}": style for style in STYLES for n in range(DISHES)}
ONE_EPOCH = ITEM_ADAPT.model_copy(
    update={"method": "source_only", "hidden": 8, "stop": StopConfig(epochs=1, least=1, every=1)}
)
SMALL = ColdDomainConfig(dim=4, folds=2, splits=1, least=2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Everybody likes one extra, in whatever style; nobody has met tacos or chili."""
    folder = tmp_path_factory.mktemp("styles")
    url = f"sqlite:///{folder / 's.db'}"
    recipes = [
        {"identifier": f"{style}-{n}", "name": f"{style} with {EXTRAS[n]}",
         "recipeIngredient": [f"1 cup {main}", f"2 cups {EXTRAS[n]}"]}
        for style, main in STYLES.items() for n in range(DISHES)
    ]  # fmt: skip
    file = folder / "recipes.jsonl"
    file.write_text("\n".join(map(json.dumps, recipes)) + "\n", encoding="utf-8")
    from graphrec.store.importers import import_recipes

    rng = np.random.default_rng(3)
    with GraphStore.open(url) as store:
        import_recipes(store, file)
        with store.writing() as writer:
            writer.add_interactions(
                (f"u{u}", f"{style}-{n}", "cook", None, None)
                for u in range(USERS)
                for style in STYLES if style not in COLD
                for n in {u % DISHES, int(rng.integers(DISHES))}
            )  # fmt: skip
        train_from_store(
            store, model="ease", out=folder / "ease", progress=False,
            overrides=["request.enabled=false", "memory.enabled=false", "cold_users.enabled=false"],
        )  # fmt: skip
    return url, folder / "ease"


def adapted(trained: tuple[str, Path], out: Path, **more: object) -> dict[str, object]:
    given = {"domain_of": DOMAIN_OF, "graph": RING, "config": ONE_EPOCH, "settings": SMALL} | more
    with GraphStore.open(trained[0]) as store:
        return adapt_items(trained[1], store, out=out, **given)  # type: ignore[arg-type]


def test_only_items_that_nobody_chose_get_new_rows(trained: tuple[str, Path], tmp_path: Path) -> None:
    report = adapted(trained, tmp_path / "out", check=False)
    before, after = read_bundle(trained[1]), read_bundle(tmp_path / "out")
    ids = list(after.catalogue.item_ids)
    cold = np.array([ext.split("-")[0] in COLD for ext in ids])
    changed = [
        np.flatnonzero((one.items != other.items).any(axis=1))
        for one, other in zip(before.parts, after.parts, strict=True) if isinstance(one, ProfilePart)
    ]  # fmt: skip
    np.testing.assert_array_equal(changed[-1], np.flatnonzero(cold))
    assert report["adapted_items"] == 2 * DISHES
    assert set(report["targets"]) == set(COLD)
    assert report["share"] == 0.5
    assert json.loads(json.dumps(report)) == report
    assert after.manifest["cold_domains"]["sources"] == report["sources"]
    assert "16 items without interactions in taco, chili" in (tmp_path / "out" / "README.md").read_text()
    users = before.catalogue.user_ids
    warm = np.flatnonzero(~cold)
    for user in range(0, len(users), 7):
        np.testing.assert_allclose(after.score_user(user, warm), before.score_user(user, warm), rtol=1e-5)


def test_it_is_served_as_any_bundle_and_later_items_join(trained: tuple[str, Path], tmp_path: Path) -> None:
    from graphrec.store.importers import import_recipes

    adapted(trained, tmp_path / "out", check=False)
    (tmp_path / "s.db").write_bytes(Path(trained[0].removeprefix("sqlite:///")).read_bytes())
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        running = Recommender.load(tmp_path / "out", store)
        tacos = {f"taco-{n}" for n in range(DISHES)}
        assert {each.item for each in running.recommend("u1", request="tortillas", k=20).items} == tacos
        later = {
            "identifier": "taco-99",
            "name": "taco with lime",
            "recipeIngredient": ["8 tortillas", "2 limes"],
        }
        (tmp_path / "more.jsonl").write_text(json.dumps(later) + "\n", encoding="utf-8")
        import_recipes(store, tmp_path / "more.jsonl")
        found = {each.item for each in running.recommend("u1", request="tortillas", k=20).items}
    assert found == tacos | {"taco-99"}


def test_the_check_hides_sources_and_writes_what_it_found(trained: tuple[str, Path], tmp_path: Path) -> None:
    stages: list[dict[str, object]] = []
    game = ONE_EPOCH.model_copy(update={"method": "grda"})
    report = adapted(trained, tmp_path / "out", config=game, log=stages.append)
    check = report["check"]
    assert isinstance(check, dict)
    assert set(check["hidden"]) < set(report["sources"])  # type: ignore[call-overload]
    assert check["chosen"] >= check["words"] > 0
    assert {"items", "check", "train"} <= {each.get("stage") for each in stages}


def test_a_hidden_domain_shows_in_nothing_that_is_learned_from(trained: tuple[str, Path]) -> None:
    with GraphStore.open(trained[0]) as store:
        bundle = read_bundle(trained[1])
        run = cold_domains._Run(bundle, store, DOMAIN_OF, RING, None, ONE_EPOCH, 0, SMALL)
    kept = run.sources[:3]
    seen = run.view(kept)
    outside = ~np.isin(run.items.domain, kept)
    assert np.isnan(seen.wanted[outside]).all()
    left = binary(bundle.history).toarray()
    left[:, outside] = 0
    np.testing.assert_allclose(
        seen.space.scores(seen.space.values(np.eye(run.part.keys.shape[1], dtype=np.float32))),
        left @ run.part.keys, atol=1e-3,
    )  # fmt: skip


def test_where_nothing_is_gained_the_bundle_scores_as_before(
    trained: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cold_domains, "choose_share", lambda groups: (0.0, {0.0: 1.0, 0.5: 0.5, 1.0: 0.2}))
    report = adapted(trained, tmp_path / "out")
    before, after = read_bundle(trained[1]), read_bundle(tmp_path / "out")
    assert report["share"] == 0.0
    for user in range(0, USERS, 9):
        np.testing.assert_array_equal(after.score_user(user), before.score_user(user))


def test_adapting_again_starts_from_the_words(trained: tuple[str, Path], tmp_path: Path) -> None:
    adapted(trained, tmp_path / "once", check=False)
    adapted((trained[0], tmp_path / "once"), tmp_path / "once", check=False)
    adapted(trained, tmp_path / "twin", check=False)
    again, twin = read_bundle(tmp_path / "once"), read_bundle(tmp_path / "twin")
    for user in range(0, USERS, 9):
        np.testing.assert_allclose(again.score_user(user), twin.score_user(user), rtol=1e-3, atol=1e-5)
    assert (tmp_path / "once" / "README.md").read_text(encoding="utf-8").count("## Adapted domains") == 1


def test_a_correction_comes_on_the_scale_of_the_rows(trained: tuple[str, Path]) -> None:
    """With the words' own values as the correction, the whole of it doubles what the words say."""
    bundle = read_bundle(trained[1])
    cold = load_cold(bundle)
    assert cold is not None
    part, choices = content_part(bundle, cold), binary(bundle.history)
    domain = np.array([list(STYLES).index(ext.split("-")[0]) for ext in bundle.catalogue.item_ids])
    with GraphStore.open(trained[0]) as store:
        records = {record.ext: record for record in store.item_records()}
    bags = cold.features.bags(records[ext] for ext in bundle.catalogue.item_ids).to_scipy()
    items = DomainItems(bags, domain, RING, part.keys, [], 1.0, 8.0, 4, 2)
    sources = np.setdiff1d(np.arange(8), RING.indices(COLD))
    seen = view(items, choices, sources)
    rows = np.flatnonzero(np.isin(domain, RING.indices(COLD)))
    old = seen.space.values(part.items)
    ratio = np.linalg.norm(old[rows]) / np.linalg.norm(seen.student.values[rows])
    again = ItemValues((old / ratio).astype(np.float32), np.zeros(len(domain), np.float32))
    words = WordRows.of(cold, bags[rows])
    np.testing.assert_allclose(words.rows, part.items[rows], rtol=1e-5)
    np.testing.assert_allclose(words.bias, part.item_bias[rows], rtol=1e-5)  # type: ignore[index]
    scores = choices @ part.keys @ words.rows.T
    lean = words.lean(choices @ part.keys)
    assert lean == pytest.approx(words.bias.std() / scores.std(axis=1).mean(), rel=1e-4)
    new = rewritten(bundle.parts, part, rows, words, seen, again, 1.0, lean=lean)[-1]
    assert isinstance(new, ProfilePart)
    np.testing.assert_allclose(seen.space.values(new.items[rows]), 2 * old[rows], rtol=1e-3, atol=1e-4)
    assert new.item_bias is not None and part.item_bias is not None
    assert new.item_bias[rows].mean() == pytest.approx(part.item_bias[rows].mean(), abs=1e-5)
    untouched = np.setdiff1d(np.arange(len(domain)), rows)
    np.testing.assert_array_equal(new.items[untouched], part.items[untouched])


def test_what_cannot_be_done_is_said(trained: tuple[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InvalidInputError, match="No item of the source 'taco' has interactions"):
        adapted(trained, out, sources=["curry", "taco"])
    with pytest.raises(NotFoundError, match="no domain 'pizza'"):
        adapted(trained, out, sources=["pizza"])
    with pytest.raises(BundleMismatchError, match=r"No item of .* belongs to a domain"):
        adapted(trained, out, domain_of={"taco-1": "pizza"})
    warm = {ext: style for ext, style in DOMAIN_OF.items() if style not in COLD}
    with pytest.raises(InvalidInputError, match="nothing to adapt to"):
        adapted(trained, out, domain_of=warm)
    with pytest.raises(InvalidInputError, match="No domain has 500 items with interactions"):
        adapted(trained, out, settings=SMALL.model_copy(update={"least": 500}))
    assert not out.exists()


def test_a_bundle_that_knows_nothing_of_words_is_refused(trained: tuple[str, Path], tmp_path: Path) -> None:
    with GraphStore.open(trained[0]) as store:
        train_from_store(
            store, model="popularity", out=tmp_path / "plain", progress=False,
            overrides=["request.enabled=false", "memory.enabled=false"],
        )  # fmt: skip
        with pytest.raises(BundleMismatchError, match="has no content student"):
            adapt_items(tmp_path / "plain", store, domain_of=DOMAIN_OF, graph=RING, out=tmp_path / "out")
