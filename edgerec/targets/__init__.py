"""Where a bundle runs: this machine, a board, a phone, an emulator."""
