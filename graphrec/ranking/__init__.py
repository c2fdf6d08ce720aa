"""Ranking: a query becomes allowed candidates, scores, a top-k list and reasons. NumPy alone, no torch."""

from graphrec.ranking.answer import Answer, Reason, RecommendedItem
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.ranking.recommender import Recommender
from graphrec.ranking.scoring import Fusion

__all__ = ["Answer", "Fusion", "GraphQuery", "NodeRef", "Reason", "RecommendedItem", "Recommender"]
