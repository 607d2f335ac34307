"""The only clients of the service: connections, its errors as ours, operation states, rate limits.

It never plans, prices or uploads.
"""
