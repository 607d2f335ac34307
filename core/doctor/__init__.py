"""Checks of everything that the dashboard needs, each with what to do where something is missing.

It never changes anything but what starting the dashboard would (the home folder, an older ledger
brought up to date).
"""
