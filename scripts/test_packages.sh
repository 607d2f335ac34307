#!/bin/sh
# What tests need of Debian: its Chromium for the browser tests, PostgreSQL's server for the ledger's,
# Tesseract's data and some fonts for text in other scripts. Installed where we may; where we may not,
# Chromium is asked for, and the tests on PostgreSQL and on those scripts are skipped and say so.
set -eu
missing=""
[ -x /usr/bin/chromium ] || missing="chromium"
command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ||
    missing="$missing postgresql"
for package in script-cyrl ell kor ara heb tha hin; do
    dpkg -s "tesseract-ocr-$package" >/dev/null 2>&1 || missing="$missing tesseract-ocr-$package"
done
for package in fonts-dejavu-core fonts-freefont-ttf fonts-tlwg-loma-ttf fonts-noto-cjk; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # Word by word: each is a package.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
fi
if [ ! -x /usr/bin/chromium ]; then
    echo "Browser tests need Chromium: run 'sudo apt-get install chromium' and start again." >&2
    exit 1
fi
