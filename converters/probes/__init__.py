"""Models that runtimes are asked with: one operator on stored weights each, whose answer NumPy knows."""
