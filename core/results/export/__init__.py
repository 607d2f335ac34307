"""What leaves the dashboard: report, workbook, archives, BigQuery, with their provenance.

It never chooses pictures; it is given a selection. Nothing else of ``core.results`` imports it.
"""
