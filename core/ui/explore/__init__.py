"""The Explore page's parts: the contact sheet, a module for each tab, one picture large.

They never compute; ``core.results`` does.
"""
