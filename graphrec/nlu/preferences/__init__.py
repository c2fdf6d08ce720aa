"""What users say about themselves: read from their words, checked, and kept in every later query."""

from __future__ import annotations

from graphrec.nlu.preferences.applying import PreferenceApplier
from graphrec.nlu.preferences.meaning import checked, diet_named, forbidden, known_diets
from graphrec.nlu.preferences.reading import Teaching, read_preferences, read_teaching
from graphrec.nlu.preferences.saying import sentence_for

__all__ = [
    "PreferenceApplier", "Teaching", "checked", "diet_named", "forbidden", "known_diets", "read_preferences",
    "read_teaching", "sentence_for",
]  # fmt: skip
