"""Print a report as PDF with this machine's Chromium.

python -m scripts.print_report report.html report.pdf
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.errors import ResultsError
from core.results.export.report.pdf import print_pdf


def main() -> int:
    """Print; 0 if it worked, 1 with the reason if it did not."""
    parser = argparse.ArgumentParser(description="Print a report as PDF")
    parser.add_argument("report", type=Path)
    parser.add_argument("pdf", type=Path)
    given = parser.parse_args()
    try:
        print_pdf(given.report, given.pdf)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{given.pdf}: {given.pdf.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
