"""Interactions of users with items: read, built in, split, and made ready for training and evaluation."""
