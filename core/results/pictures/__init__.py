"""The batch's pictures for the eye: thumbnails, overlays, pages of files, caches of them.

They never annotate.
"""
