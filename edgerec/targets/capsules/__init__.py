"""What runs where nothing is installed: a Python, numpy and a device runtime in one folder."""
