"""How a table may be stored: codecs that a recipe names, each settings in, a coded table out."""
