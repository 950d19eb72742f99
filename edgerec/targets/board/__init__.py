"""Emulated boards, under QEMU's system emulator."""
