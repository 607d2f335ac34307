"""Looks at everything that the dashboard needs, and says what to do where something is missing.

Beside ``core.ui``: asks settings, jobs and engine, and changes nothing but what starting the
dashboard would (the home folder, an older ledger brought up to date).
"""
