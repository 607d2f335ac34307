"""The Compare page's parts: choice of sides, numbers, gallery.

They never compare; ``core.results`` does.
"""
