"""Bringing files into a store: recipes, interactions, RecBole atomic files. Each import is one
transaction.
"""

from graphrec.store.importers.atomic import import_atomic
from graphrec.store.importers.interactions import import_interactions
from graphrec.store.importers.recipes import import_recipes
from graphrec.store.importers.report import ImportReport, RowError

__all__ = ["ImportReport", "RowError", "import_atomic", "import_interactions", "import_recipes"]
