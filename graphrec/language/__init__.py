"""Text of recipes without any model: folding, ingredient lines, the food taxonomy, bands, keywords, courses.

Standard library only; :mod:`graphrec.language.course` alone needs NumPy and SciPy.
"""

from graphrec.language.fold import fold, tokens

__all__ = ["fold", "tokens"]
