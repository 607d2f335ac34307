"""Two result sets over the same pictures: matched, compared feature by feature.

It never draws and never loads; it is given two sets of tables.
"""
