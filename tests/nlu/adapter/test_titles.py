"""Titles: exactly, folded, by overlap with a margin, else ambiguous."""

from __future__ import annotations

import pytest

from graphrec.bundle import Catalogue
from graphrec.nlu.adapter.titles import Titles


@pytest.fixture(scope="module")
def titles(catalogue: Catalogue) -> Titles:
    return Titles(catalogue)


def names(catalogue: Catalogue, items: tuple[int, ...]) -> list[str]:
    return [catalogue.item_ids[i] for i in items]


@pytest.mark.parametrize(
    ("said", "item"),
    [
        ("Pad Thai", "pad-thai"), ("tomato soups", "soup"), ("thai pad", "pad-thai"), ("MAC & CHEESE", "mac"),
        ("vegetable lasagna", "veg-lasagna"),
        ("world's best lasagna", "best-lasagna"), ("vegetables lasagna recipe", "veg-lasagna"),
    ],
)  # fmt: skip
def test_one_dish(catalogue: Catalogue, titles: Titles, said: str, item: str) -> None:
    found = titles.find(said)
    assert found.item is not None and catalogue.item_ids[found.item] == item


def test_the_same_words_are_sure_and_fewer_less_so(titles: Titles) -> None:
    assert titles.find("pad thai").score == 1
    assert 0 < titles.find("thai pad noodles").score < 1


def test_several_as_likely_are_all_given(catalogue: Catalogue, titles: Titles) -> None:
    """Lasagna is two dishes here: none is taken."""
    found = titles.find("lasagna")
    assert found.item is None
    assert set(names(catalogue, found.options)) == {"best-lasagna", "veg-lasagna"}


def test_of_dishes_with_one_title_the_most_popular_is_taken(catalogue: Catalogue, titles: Titles) -> None:
    found = titles.find("banana bread")
    assert found.item is not None and catalogue.item_ids[found.item] == "banana-2"
    assert names(catalogue, found.options) == ["banana-2", "banana-1"]


@pytest.mark.parametrize("said", ["", "   ", "?!", "xyzzy"])
def test_nothing_is_no_dish(titles: Titles, said: str) -> None:
    assert titles.find(said).item is None and titles.find(said).options == ()
