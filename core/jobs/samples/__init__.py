"""The sample batch: pictures of installed packages, and drawn ones.

Nothing else of ``core.jobs`` imports it.
"""
