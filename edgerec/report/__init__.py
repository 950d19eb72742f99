"""Verdicts, reports and files, written for people."""
