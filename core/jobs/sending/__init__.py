"""From a draft to accepted operations: preflight, planning, admission, uploads, submission,
polling.

It never decides who may do so and never reads a result.
"""
