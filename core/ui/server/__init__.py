"""The web server around the pages: shared resources, identity, the gate, addresses beside pages.

It never draws a chart.
"""
