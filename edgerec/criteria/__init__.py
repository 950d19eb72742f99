"""Pruning criteria: weights and statistics of the data in, a saliency for every element, row or column out."""
