"""Devices at the end of a shell: what is kept there, and a run that does not need the connection."""
