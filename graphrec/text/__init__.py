"""Node features from raw text: GIANT-XRT, self-supervised prediction of a node's neighbours from its words.

Source: Chien et al., "Node Feature Extraction by Self-Supervised Multi-scale Neighborhood Prediction", ICLR 2022.
"""
