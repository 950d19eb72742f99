"""Recommenders: what a Keras model's inputs and outputs mean, how it is built, trained and loaded."""
