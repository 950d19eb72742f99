"""What runs on the device: golden check, quality, latency and memory of a bundle."""
