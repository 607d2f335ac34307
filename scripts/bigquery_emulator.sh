#!/bin/sh
# Make a virtual environment with a BigQuery emulator, to test the BigQuery export against:
#   sh scripts/bigquery_emulator.sh build/bqemulator
#   CONTACT_SHEET_TEST_BQEMULATOR=build/bqemulator .venv/bin/python -m pytest tests/results/export/test_bigquery_emulator.py
# Its own environment, since the emulator needs DuckDB 1: its spatial extension comes as a wheel for
# that version only, and would otherwise be fetched from duckdb.org.
set -eu
python3 -m venv "$1"
"$1/bin/pip" install --quiet 'bqemulator==1.4.0' 'duckdb==1.5.5' 'duckdb-extensions==1.5.5' \
    'duckdb-extension-spatial==1.5.5' 'google-cloud-bigquery>=3.47,<4' 'numpy>=2,<3'
"$1/bin/python" -c "from duckdb_extensions import import_extension; import_extension('spatial')"
