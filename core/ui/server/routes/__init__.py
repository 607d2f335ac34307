"""Addresses beside the pages: gallery, uploads, health.

They never run a page's script.
"""
