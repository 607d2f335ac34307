"""The catalogue of charts: what Explore, the report and the workbook show of a batch.

It brings questions (``query``) and figures together; it never writes a file and never knows a page.
"""
