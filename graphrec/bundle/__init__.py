"""The model bundle: a folder of safetensors and JSON, and the NumPy scorers that serve it. No torch."""

from graphrec.bundle.card import model_card
from graphrec.bundle.catalogue import Catalogue
from graphrec.bundle.history import History
from graphrec.bundle.parts import ItemItemPart, Part, VectorPart, score_parts
from graphrec.bundle.profile_part import ProfilePart
from graphrec.bundle.read import Bundle, read_bundle
from graphrec.bundle.write import write_bundle
from graphrec.sparse.strings import Strings

__all__ = [
    "Bundle", "Catalogue", "History", "ItemItemPart", "Part", "ProfilePart", "Strings", "VectorPart",
    "model_card", "read_bundle", "score_parts", "write_bundle",
]  # fmt: skip
