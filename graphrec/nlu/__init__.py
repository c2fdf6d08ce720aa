"""From what a person says to the constraints of a query; nothing here ranks, and nothing imports torch."""

from __future__ import annotations

from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import ParsedRequest, RequestParser, Span
from graphrec.nlu.recommender import Recommender

__all__ = ["Lexicon", "ParsedRequest", "Recommender", "RequestParser", "Span"]
