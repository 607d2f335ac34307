#!/bin/sh
# Make a virtual environment: make_venv.sh FOLDER [PYTHON]. Without PYTHON, with the first one on this
# machine that is new enough. The versions are pyproject.toml's requires-python.
set -eu
for python in ${2:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
        if ! "$python" -m venv "$1"; then
            rm -rf "$1"
            echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2
            exit 1
        fi
        exit 0
    fi
done
if [ -n "${2:-}" ]; then
    echo "$2 is no Python from 3.11 to 3.14, or is not there." >&2
else
    echo "Contact Sheet needs a Python from 3.11 to 3.14; none was found on the PATH." >&2
fi
exit 1
