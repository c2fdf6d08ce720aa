"""Loaders of public data sets into dense ids, ready for a split or with the split they come with."""

from graphrec.datasets.atomic import load_atomic
from graphrec.datasets.base import Dataset
from graphrec.datasets.kgat_files import load_kgat
from graphrec.datasets.recipes import load_recipe_interactions

__all__ = ["Dataset", "load_atomic", "load_kgat", "load_recipe_interactions"]
