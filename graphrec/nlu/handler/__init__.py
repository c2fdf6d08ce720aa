"""One handler for the requests of assistant platforms and plain services."""

from __future__ import annotations

from graphrec.nlu.handler.handler import RecipeRequestHandler
from graphrec.nlu.handler.novel import NovelBuffer, NovelFile, NovelSink

__all__ = ["NovelBuffer", "NovelFile", "NovelSink", "RecipeRequestHandler"]
