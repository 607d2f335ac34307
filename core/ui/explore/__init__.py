"""The Explore page's parts: charts, gallery, filters, text, map, duplicates.

They never compute; ``core.results`` does.
"""
