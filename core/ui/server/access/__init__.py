"""Who asks, by which host, and what they may fetch.

It never decides what a page shows.
"""
