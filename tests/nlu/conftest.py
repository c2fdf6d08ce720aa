"""Fixtures of the language tests: one small lexicon and its parser."""

from __future__ import annotations

import pytest

from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import RequestParser
from tests.nlu.nodes import lexicon as build_lexicon


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    """The small catalogue's lexicon."""
    return build_lexicon()


@pytest.fixture(scope="session")
def parser(lexicon: Lexicon) -> RequestParser:
    """A parser over it."""
    return RequestParser(lexicon)
