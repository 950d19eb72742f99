"""Emulated processors, under QEMU's user-mode emulator."""
