"""Training on a tiny world, serving, and the folder a model lives in."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

from graphrec.encoders import for_classes
from graphrec.encoders.ngrams import HashedNgrams
from graphrec.errors import (
    BundleMismatchError,
    CorruptionError,
    InvalidInputError,
    NotFoundError,
    SchemaVersionError,
    StoreError,
)
from graphrec.nlu.intents import IntentData, IntentModel, Utterance, train_intents, training
from graphrec.nlu.intents.selection import choose, deal
from tests.nlu.intents.fakes import Words, data


@pytest.fixture(scope="module")
def model() -> IntentModel:
    return train_intents(data(), Words())


def test_known_words_find_their_intent_and_other_topics_are_out_of_scope(model):
    for text, intent, domain in (
        ("bake the soup now", "cook", "recipes"), ("start the bread please", "timer", "clock"),
        ("read the rice now", "list", "recipes"),
    ):  # fmt: skip
        found = model.classify(text)
        assert (found.intent, found.domain, found.out_of_scope) == (intent, domain, False)
    for text in ("history of rome", "price of mars"):
        assert model.classify(text).out_of_scope


def test_ranking_confidence_and_domain_fit_together(model):
    found = model.classify("cook the cake")
    names = [intent.name for intent in found.ranking]
    confidences = [intent.confidence for intent in found.ranking]
    assert names[0] == found.intent and sorted(names) == ["cook", "list", "timer"]
    assert confidences == sorted(confidences, reverse=True) and confidences[0] == found.confidence
    assert sum(confidences) <= 1 + 1e-6  # what is left is the class of proxies
    by_name = dict(zip(names, confidences, strict=True))
    assert found.domain_confidence == pytest.approx(by_name["cook"] + by_name["list"])
    np.testing.assert_array_equal(found.vector, model.encoder.encode(["cook the cake"])[0])


def test_in_company_as_alone(model):
    texts = ["cook the cake", "", "history of mars", "set time"]
    for together, text in zip(model.classify_texts(texts), texts, strict=True):
        alone = model.classify(text)
        assert (together.intent, together.out_of_scope) == (alone.intent, alone.out_of_scope)
        assert together.confidence == pytest.approx(alone.confidence, abs=1e-6)
    assert model.classify_texts([]) == []
    assert model.classify("").out_of_scope  # no known word at all, whatever the biases say


@pytest.mark.parametrize("text", ["", "\0\x1b[2J", "؟مرحبا", "x" * 1_000_000, "\ud800"])
def test_any_text_is_classified(model, text):
    found = model.classify(text)
    assert 0 <= found.confidence <= 1 and found.intent in model.intents


def test_the_share_of_known_utterances_that_may_be_lost_is_kept():
    for share in (0.0, 0.2):
        report = train_intents(data(), Words(dim=64), rejected=share).report
        assert report["rejected"] <= share
    assert report["rejected"] > 0.1


def test_labelled_out_of_scope_sentences_choose_the_threshold():
    known = data(proxies=False)
    strange = ("nothing of this is known", "whatever else", "quite another matter")
    chosen = train_intents(dataclasses.replace(known, outside=strange), Words())
    assert chosen.score == "max_probability" and len(chosen.bias) == 3
    assert chosen.report["outside_rejected"] == 1.0
    assert all(chosen.classify(text).out_of_scope for text in strange)


def test_validation_utterances_are_not_learned_from():
    whole = data()
    held = tuple(u for u in whole.train if "bread" in u.text)
    split = dataclasses.replace(
        whole, train=tuple(u for u in whole.train if u not in held), validation=held
    )
    found = train_intents(split, Words())
    assert found.report["held_out"] == len(held) and found.report["utterances"] == 60 - len(held)
    stranger = dataclasses.replace(split, validation=(*held, Utterance("a", "dance")))
    np.testing.assert_array_equal(train_intents(stranger, Words()).weights, found.weights)


def test_one_utterance_of_each_is_enough_to_start():
    few = IntentData(train=(Utterance("cook soup", "cook"), Utterance("set clock", "timer")))
    found = train_intents(few, Words())
    assert found.classify("cook rice").intent == "cook" and not found.classify("cook rice").out_of_scope
    assert found.report["held_out"] == 0 and found.temperature == 1.0


def test_ten_utterances_add_an_intent():
    before = data()
    more = tuple(Utterance(f"dance the {what}", "dance", "fun") for what in "a b c d e f g h i j".split())
    found = train_intents(dataclasses.replace(before, train=before.train + more), Words())
    assert found.classify("dance the waltz").intent == "dance"
    assert found.classify("bake the soup").intent == "cook"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": IntentData(train=(Utterance("a", "one"),))}, "two are needed"),
        ({"score": "luck"}, "no score 'luck'"),
        ({"rejected": 1.0}, "below 1"),
        ({"strengths": ()}, "ascending"),
        ({"strengths": (3.0, 1.0)}, "ascending"),
        ({"data": IntentData(train=(Utterance("a", "x", "p"), Utterance("b", "x", "q"), Utterance("c", "y")))},
         "two|domains"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_is_said(change, message):
    arguments = {"data": data(), "encoder": Words(), **change}
    with pytest.raises(InvalidInputError, match=message):
        train_intents(**arguments)


def test_the_strength_with_the_least_held_out_loss_is_found():
    strengths = (0.1, 1.0, 10.0, 100.0, 1000.0)
    rows = training._rows(data().train, data().proxies, Words(dim=64), data().intents)
    chosen, held = choose(rows, None, strengths, seed=0)
    alone = {s: choose(rows, None, (s,), seed=0)[1].loss() for s in strengths}
    assert chosen == min(alone, key=alone.__getitem__)
    assert held.loss() == pytest.approx(alone[chosen], rel=1e-2)  # warm starts stop at slightly other places
    assert sorted(held.labels) == sorted(rows.labels)


def test_folds_are_even_and_keep_groups_together():
    labels = np.repeat([0, 1, 2], [20, 10, 4])
    groups = [f"g{i // 2}" for i in range(34)]
    fold = deal(labels, groups, 5, seed=3)
    for group in set(groups):
        assert len({f for f, g in zip(fold, groups, strict=True) if g == group}) == 1
    assert Counter(fold[labels == 0].tolist()) == dict.fromkeys(range(5), 4)
    np.testing.assert_array_equal(fold, deal(labels, groups, 5, seed=3))
    assert (fold != deal(labels, groups, 5, seed=4)).any()


def test_a_saved_model_comes_back_exactly(model, tmp_path):
    model.save(tmp_path / "m")
    again = IntentModel.load(tmp_path / "m", Words())
    for field in ("intents", "domains", "temperature", "threshold", "score", "digest"):
        assert getattr(again, field) == getattr(model, field)
    np.testing.assert_array_equal(again.weights, model.weights)
    texts = ["bake the soup", "history of rome", ""]
    assert again.classify_texts(texts) == model.classify_texts(texts)
    card = (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    assert model.digest in card and model.encoder.fingerprint in card and "`timer`" in card


def test_fitted_ngrams_travel_with_the_model(tmp_path):
    found = train_intents(data(), for_classes(HashedNgrams(), data().texts))
    found.save(tmp_path / "m")
    again = IntentModel.load(tmp_path / "m")
    assert again.encoder.name == "ngrams"
    assert again.classify("bake the soup") == found.classify("bake the soup")


def test_the_same_data_and_seed_give_the_same_model(model):
    again = train_intents(data(), Words())
    np.testing.assert_array_equal(again.weights, model.weights)
    assert (again.threshold, again.digest) == (model.threshold, model.digest)


def test_another_encoder_is_refused(model, tmp_path):
    model.save(tmp_path / "m")
    with pytest.raises(BundleMismatchError, match="another encoder"):
        IntentModel.load(tmp_path / "m", Words(salt="other"))


class Layered(Words):
    """An encoder with a form for classifiers, as MiniLM has one."""

    @property
    def name(self) -> str:
        return "words-layers" if self.salt else "words"

    def for_classes(self, texts: object = ()) -> Layered:
        return Layered(salt="deep")


def test_an_encoder_given_in_its_plain_form_takes_the_one_trained_with(tmp_path):
    found = train_intents(data(), Layered().for_classes())
    found.save(tmp_path / "m")
    again = IntentModel.load(tmp_path / "m", Layered())
    assert again.classify("bake the soup") == found.classify("bake the soup")


def test_damage_is_named(model, tmp_path):
    path = model.save(tmp_path / "m")
    with pytest.raises(NotFoundError, match=r"nlu\.json"):
        IntentModel.load(tmp_path / "none", Words())
    whole = {file.name: file.read_bytes() for file in path.iterdir()}
    damaged = {
        "nlu.json": [b"", b"{}", b"[]", whole["nlu.json"][:-20], whole["nlu.json"].replace(b'"cook"', b'"took"')],
        "intents.safetensors": [b"", whole["intents.safetensors"][:-1], whole["intents.safetensors"][:-1] + b"x"],
        "README.md": [b"other"],
    }
    for name, contents in damaged.items():
        for content in contents:
            (path / name).write_bytes(content)
            with pytest.raises(CorruptionError, match=name.replace(".", r"\.")):
                IntentModel.load(path, Words())
        (path / name).write_bytes(whole[name])
    (path / "intents.safetensors").unlink()
    with pytest.raises(CorruptionError, match="cannot be read"):
        IntentModel.load(path, Words())


def test_a_newer_format_is_said_so(model, tmp_path):
    path = model.save(tmp_path / "m") / "nlu.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "format": 99}), encoding="utf-8")
    with pytest.raises(SchemaVersionError, match="99"):
        IntentModel.load(tmp_path / "m", Words())


def test_saving_replaces_a_model_and_nothing_else(model, tmp_path, monkeypatch):
    model.save(tmp_path / "m")
    model.save(tmp_path / "m")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InvalidInputError, match="other things"):
        model.save(tmp_path / "mine")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((StoreError, InvalidInputError), match="file"):
        model.save(tmp_path / "file" / "m")
