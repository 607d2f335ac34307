#!/bin/sh
# What tests need of Debian: its Chromium for the browser tests, and PostgreSQL's server for the
# ledger's. Installed where we may; where we may not, Chromium is asked for, and the tests on
# PostgreSQL are skipped and say so.
set -eu
missing=""
[ -x /usr/bin/chromium ] || missing="chromium"
command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ||
    missing="$missing postgresql"
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # Word by word: each is a package.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
fi
if [ ! -x /usr/bin/chromium ]; then
    echo "Browser tests need Chromium: run 'sudo apt-get install chromium' and start again." >&2
    exit 1
fi
