"""Rounds of a recipe that grows: what each gave, how it is judged, when they end, and where they are kept."""
