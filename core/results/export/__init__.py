"""What leaves the dashboard: report, workbook, archives, BigQuery, with their provenance.

Nothing else of ``core.results`` imports it.
"""
