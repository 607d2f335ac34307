"""Result shards: listed under a prefix, decoded within limits, vectors beside them.

They never know tables, filters or the job that wrote them.
"""
