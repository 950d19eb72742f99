"""The report page: its sections, the charts in them, and what draws those."""
