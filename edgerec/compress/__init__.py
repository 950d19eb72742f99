"""Recipes and the steps that carry them out: from a recommender to a candidate."""
