"""The embedded engine: Vision's protocol on loopback, answered by open models.

It never imports jobs or results, and its servers never listen on another address than loopback.
"""
