"""Several targets asked at once, a process a device."""
