"""No allergen may get lost between a line and the groups above its ingredients."""

from __future__ import annotations

import networkx as nx
import pytest

from graphrec.errors import InvalidInputError
from graphrec.language.ingredients import default_linker
from graphrec.language.taxonomy import Taxonomy, load_taxonomy
from graphrec.language.vocabulary import build_vocabulary, load_vocabulary, parse_entries
from tests.language.allergen_lines import LINES

TABLE = [tuple(part.strip() for part in line.split("|")) for line in LINES.strip().splitlines()]
HARMFUL = frozenset(
    "nut|tree nut|peanut|sesame|dairy|egg|gluten|wheat|fish|shellfish|soy|pork|meat|alcohol|gelatin".split(
        "|"
    )
)


def groups_of(line: str) -> set[str]:
    """Every group above the ingredients of a line, and the ingredients themselves."""
    taxonomy = load_taxonomy()
    return {group for name in default_linker().link(line) for group in {name, *taxonomy.ancestors(name)}}


def test_the_table_is_wide() -> None:
    assert len(TABLE) >= 120


@pytest.mark.parametrize(("line", "groups"), TABLE)
def test_allergens_reach_their_groups(line: str, groups: str) -> None:
    found = groups_of(line)
    if groups == "-":
        assert not found & HARMFUL
    else:
        assert {group.strip() for group in groups.split(",")} <= found


def test_closure_is_reachability() -> None:
    taxonomy = load_taxonomy()
    graph = nx.DiGraph()
    for edges in (taxonomy.is_a, taxonomy.contains):
        graph.add_nodes_from(edges)
        graph.add_edges_from((a, b) for a, targets in edges.items() for b in targets)
    for name in graph:
        assert taxonomy.ancestors(name) == nx.descendants(graph, name) - {name}
    assert taxonomy.descendants("tree nut") == nx.ancestors(graph, "tree nut")


def test_kinds_leave_out_what_is_only_contained() -> None:
    taxonomy = load_taxonomy()
    assert "wheat" in taxonomy.ancestors("soy sauce")
    assert "wheat" not in taxonomy.kinds("soy sauce")
    assert "soy" in taxonomy.kinds("soy sauce")


SEASONINGS = """
fish sauce: fish | dashi: fish | worcestershire sauce: fish | oyster sauce: shellfish | clam juice: shellfish
| sesame oil: sesame | peanut oil: peanut | chicken broth: chicken
"""


@pytest.mark.parametrize(("name", "group"), [pair.strip().split(": ") for pair in SEASONINGS.split("|")])
def test_what_seasons_a_dish_does_not_make_it_one(name: str, group: str) -> None:
    """A dish with fish sauce is no fish dish; for whoever avoids fish it is one."""
    taxonomy = load_taxonomy()
    assert group in taxonomy.ancestors(name) and group not in taxonomy.kinds(name)


def test_every_name_with_a_telling_word_reaches_its_group() -> None:
    """A vocabulary name that holds an allergen's word must lead to it, but for the few that only sound like
    it.
    """
    words = {
        "almond": "tree nut", "walnut": "tree nut", "pecan": "tree nut", "hazelnut": "tree nut",
        "pistachio": "tree nut",
        "cashew": "tree nut", "peanut": "peanut", "cheese": "dairy", "yogurt": "dairy", "bacon": "pork",
        "ham": "pork",
        "shrimp": "crustacean", "crab": "crustacean", "anchovy": "fish", "tofu": "soy", "soy": "soy",
        "wheat": "wheat",
        "bread": "wheat", "cracker": "wheat", "cookie": "wheat", "sesame": "sesame", "wine": "alcohol",
        "beef": "meat", "chicken": "meat", "turkey": "meat", "pork": "meat", "vodka": "alcohol",
        "rum": "alcohol",
    }  # fmt: skip
    sound_alike = (
        "vegan",
        "vegetarian",
        "veggie",
        "gluten free",
        "turkey bacon",
        "beef bacon",
        "vinegar",
        "seasoning",
        "extract",
        "of the wood",
        "dairy free",
    )
    taxonomy = load_taxonomy()
    lost = []
    for entry in load_vocabulary().entries.values():
        for word, group in words.items():
            if word in entry.id.split() and not any(s in entry.id for s in sound_alike):
                reached = {entry.id, *taxonomy.ancestors(entry.id)}
                if group not in reached:
                    lost.append((entry.id, group))
    assert sorted(lost) == []


def test_vocabulary_is_wide_and_without_contradiction() -> None:
    vocabulary = load_vocabulary()
    assert len(vocabulary.entries) >= 1200
    claims: dict[str, set[str]] = {}
    for entry in vocabulary.entries.values():
        for alias in entry.aliases:
            claims.setdefault(alias, set()).add(entry.id)
    assert {alias: sorted(ids) for alias, ids in claims.items() if len(ids) > 1} == {}


def test_spelling_variants_share_a_name() -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.canonical("Scallions") == taxonomy.canonical("green onion") == "green onion"
    assert taxonomy.canonical("capsicum") == "bell pepper"
    assert taxonomy.canonical("garbanzo beans") == "chickpea"


def test_bad_taxonomies_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="not named"):
        Taxonomy({"almond": ("tree nut",)})
    entries = list(parse_entries(["salt; sea salt", "salt"], "x.txt"))
    with pytest.raises(InvalidInputError, match="twice"):
        build_vocabulary(entries)
