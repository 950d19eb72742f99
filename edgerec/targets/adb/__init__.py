"""Phones and Android emulators, over adb."""
