#!/bin/sh
# What tests need of Debian: its Chromium for the browser tests, PostgreSQL's server for the ledger's,
# Tesseract's data and some fonts for text in other scripts, poppler's pdftotext for searchable PDFs.
# Installed where we may; where we may not, Chromium is asked for, and the tests on the others are
# skipped and say so.
set -eu
missing=""
[ -x /usr/bin/chromium ] || missing="chromium"
command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ||
    missing="$missing postgresql"
command -v pdftotext >/dev/null || missing="$missing poppler-utils"
scripts=""
for package in tesseract-ocr-script-cyrl tesseract-ocr-ell tesseract-ocr-kor tesseract-ocr-ara tesseract-ocr-heb \
    tesseract-ocr-tha tesseract-ocr-hin fonts-dejavu-core fonts-freefont-ttf fonts-tlwg-loma-ttf fonts-noto-cjk; do
    dpkg -s "$package" >/dev/null 2>&1 || scripts="$scripts $package"
done
if [ -n "$missing$scripts" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # Word by word: each is a package.
    [ -z "$missing" ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
    for package in $scripts; do
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null ||
            echo "Without $package: tests of its script are skipped." >&2
    done
fi
if [ ! -x /usr/bin/chromium ]; then
    echo "Browser tests need Chromium: run 'sudo apt-get install chromium' and start again." >&2
    exit 1
fi
