"""The search for the smallest bundle: trials in rounds, in worker processes, kept in a journal, ranked at the end."""
