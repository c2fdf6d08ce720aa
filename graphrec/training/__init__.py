"""Training: typed configuration, negative sampling, the trainer and the way from a store to a model bundle."""
