"""Codecs of embedding tables: how rows are stored in a .tflite, and the operators that look them up and score."""
