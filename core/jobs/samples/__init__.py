"""The sample batch: pictures of installed packages, and drawn ones.

It never downloads, and nothing else of ``core.jobs`` imports it.
"""
