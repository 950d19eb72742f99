"""Updates between releases: new interactions in, a bundle out that differs from the one before only where it must."""
