#!/bin/sh
# What the image starts. Models come with the image; everything else of the home is on the volume.
set -eu
mkdir -p "$CONTACT_SHEET_HOME/engine"
[ -e "$CONTACT_SHEET_HOME/engine/models" ] || ln -s /models "$CONTACT_SHEET_HOME/engine/models"
# The container's own network ends at the port that `docker run -p` publishes; the engine stays on
# the loopback inside.
exec /venv/bin/streamlit run app.py --server.address 0.0.0.0 --server.port 8501 --server.headless true
