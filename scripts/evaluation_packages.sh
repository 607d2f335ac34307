#!/bin/sh
# Fonts that `make evaluate` draws pages with, from Debian; what is missing is skipped and said.
set -eu
sh scripts/test_packages.sh
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq fonts-noto-core fonts-tlwg-norasi-ttf >/dev/null
fi
