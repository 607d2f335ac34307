#!/bin/sh
# Make a virtual environment with the first Python on this machine that is new enough.
set -eu
for python in python3 python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
        if ! "$python" -m venv "$1"; then
            rm -rf "$1"
            echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2
            exit 1
        fi
        exit 0
    fi
done
echo "Contact Sheet needs Python 3.11, 3.12 or 3.13; none was found on the PATH." >&2
exit 1
