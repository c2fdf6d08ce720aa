"""Recommendation models, one file each, under the contract of :mod:`graphrec.models.base`."""
