"""The shipped catalogue as a bundle and a store, without training: the scores do not matter here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.bundle import VectorPart, write_bundle
from graphrec.datasets.demo import import_demo
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.pipeline import Pipeline
from graphrec.nlu.recommender import Recommender
from graphrec.ranking.catalogue_from_snapshot import build_catalogue, build_history
from graphrec.store import GraphStore, write_snapshot

Make = Callable[..., RecipeRequestHandler]


@dataclass(frozen=True)
class Kitchen:
    """Paths of the bundle and of a store that nobody changes."""

    bundle: Path
    database: Path


@pytest.fixture(scope="session")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    folder = tmp_path_factory.mktemp("kitchen")
    with GraphStore.open(f"sqlite:///{folder / 'demo.db'}") as store:
        list(import_demo(store))
        snapshot = write_snapshot(store, folder / "snapshots")
        store.finish_erasures()
    rng = np.random.default_rng(0)
    catalogue, history = build_catalogue(snapshot), build_history(snapshot)
    part = VectorPart(
        rng.normal(size=(catalogue.num_users, 8)).astype(np.float32),
        rng.normal(size=(catalogue.num_items, 8)).astype(np.float32),
    )
    bundle = write_bundle(
        folder / "bundle", manifest={"model": "test", "snapshot": snapshot.name, "seed": 0}, parts=[part],
        catalogue=catalogue, history=history, card="# Test\n",
    )  # fmt: skip
    return Kitchen(bundle, folder / "demo.db")


@pytest.fixture(scope="session")
def recommender(kitchen: Kitchen) -> Recommender:
    """Over the bundle alone."""
    return Recommender.load(kitchen.bundle)


@pytest.fixture(scope="session")
def handler(recommender: Recommender) -> RecipeRequestHandler:
    """Without a store: it remembers nothing but the conversation. Intents go by rules."""
    return RecipeRequestHandler(recommender, Pipeline(None, recommender.parser))


@pytest.fixture
def store(kitchen: Kitchen, tmp_path: Path) -> Iterator[GraphStore]:
    """A store of one's own."""
    shutil.copy(kitchen.database, tmp_path / "own.db")
    with GraphStore.open(f"sqlite:///{tmp_path / 'own.db'}") as opened:
        yield opened


@pytest.fixture
def remembering(kitchen: Kitchen, store: GraphStore) -> RecipeRequestHandler:
    """With a store, read live and written to."""
    recommender = Recommender.load(kitchen.bundle, store=store)
    return RecipeRequestHandler(recommender, Pipeline(None, recommender.parser), store=store)


class Talk:
    """One conversation with a handler through the generic form; the state travels with the requests."""

    def __init__(self, handler: RecipeRequestHandler, user: str | None = "ada") -> None:
        self.handler, self.user = handler, user
        self.session: Any = None
        self.answers: list[dict[str, Any]] = []

    def say(self, text: str, **more: Any) -> dict[str, Any]:
        request = {"text": text, "user": self.user, "session": self.session, **more}
        answer = self.handler.handle({key: value for key, value in request.items() if value is not None})
        self.session = answer["session"]
        self.answers.append(answer)
        return answer

    def ids(self) -> list[str]:
        return [item["item"] for item in self.answers[-1]["items"]]
