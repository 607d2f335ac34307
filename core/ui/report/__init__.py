"""The Report page's parts: downloads, and what their provenance says.

They never write a file; ``core.results.export`` does.
"""
