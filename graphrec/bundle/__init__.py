"""The model bundle: a folder of safetensors and JSON, and the NumPy scorers that serve it. No torch."""

from graphrec.bundle.parts import History, ItemItemPart, Part, VectorPart, score_parts

__all__ = ["History", "ItemItemPart", "Part", "VectorPart", "score_parts"]
