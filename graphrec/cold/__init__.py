"""Cold start: classifying nodes that have few edges or none, and placing items and users that are new."""
