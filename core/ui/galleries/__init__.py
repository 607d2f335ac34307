"""The page Gallery: the engine's logos and landmarks, listed, added and removed.

It never writes a file; ``core.app.own_galleries`` does.
"""
