"""Sentence encoders without torch: text in, unit vectors out. Both wings stand on them."""

from __future__ import annotations

from graphrec.encoders.base import Encoder
from graphrec.encoders.find import find_encoder, for_classes, load_fitted, minilm_directory

__all__ = ["Encoder", "find_encoder", "for_classes", "load_fitted", "minilm_directory"]
