"""Small pictures in a row or a strip; the overlays and facts of one.

They never read a picture; ``core.results.pictures`` and the web server do.
"""
