#!/bin/sh
# The browser tests need Debian's Chromium: install it where we may, say so where we may not.
set -eu
if [ -x /usr/bin/chromium ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
    exit 0
fi
echo "Browser tests need Chromium: run 'sudo apt-get install chromium' and start again." >&2
exit 1
