"""Title keywords: the words and word pairs that several titles share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from graphrec.language.fold import tokens

STOP_WORDS = frozenset(
    """
    a an the and or of with in on for to from by at my mom moms mother grandma grandmas grandmother aunt
    auntie uncle dad
    daddy father granny nana mama momma sister brother i ii iii iv v vi vii viii ix x your our his her s t
    is it this that
    best easy quick simple good great perfect amazing awesome favorite delicious yummy tasty ever ultimate
    recipe style
    homemade world famous wonderful super real old fashioned new original classic no not you me we us make
    made way like
    very so any all one two three four five minute day night time step n la le de el du des al e o chef john
    johns s
    """.split()
)
"""Folded words that say nothing about the dish."""


def title_terms(title: str) -> list[str]:
    """Folded words and word pairs of a title, each once, in order; pairs never run over a stop word.

    >>> title_terms("Mom's Slow Cooker Chicken and Rice")
    ['slow', 'cooker', 'chicken', 'rice', 'slow cooker', 'cooker chicken']
    """
    words = tokens(title)
    singles = [word for word in words if _telling(word)]
    pairs = [f"{a} {b}" for a, b in pairwise(words) if _telling(a) and _telling(b)]
    return list(dict.fromkeys(singles + pairs))


def _telling(word: str) -> bool:
    return len(word) > 1 and not word.isdigit() and word not in STOP_WORDS


def least_titles(num_titles: int) -> int:
    """How many titles must share a term for it to be a keyword: 1 in 2,000, between 3 and 25."""
    return min(25, max(3, round(num_titles / 2000)))


def shared_terms(titles: Iterable[list[str]], least: int) -> frozenset[str]:
    """Terms that at least `least` of the titles (each its :func:`title_terms`) hold."""
    counts = Counter(term for terms in titles for term in terms)
    return frozenset(term for term, count in counts.items() if count >= least)
