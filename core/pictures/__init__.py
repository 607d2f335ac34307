"""The one reader of picture bytes: format, wholeness, pixels as a browser shows them.

Engine and dashboard read by it and so see the same pixels. It never knows jobs or results.
"""
