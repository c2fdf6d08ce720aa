"""Ranking: a query becomes allowed candidates, scores, a top-k list and reasons. NumPy alone, no torch."""

from graphrec.ranking.query import GraphQuery, NodeRef

__all__ = ["GraphQuery", "NodeRef"]
