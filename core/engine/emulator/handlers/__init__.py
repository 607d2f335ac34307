"""The methods of the JSON API: one call in, one answer out.

They never touch a file; ``objects`` does.
"""
