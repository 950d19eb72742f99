"""Boards over ssh."""
