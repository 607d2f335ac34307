"""Files chosen in the browser and sent one by one.

It never keeps a file; ``core.jobs.sending.uploads.uploads.spool`` does.
"""
