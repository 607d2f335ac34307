"""The other side of ``scripts.bench.uploads``: what a page does that uses Streamlit's uploader."""

import os
from pathlib import Path

import streamlit as st

files = st.file_uploader("Files", accept_multiple_files=True)
for number, file in enumerate(files):
    (Path(os.environ["BENCH_UPLOADS"]) / f"{number:06}").write_bytes(file.getbuffer())
if files:
    st.write(f"{len(files):,} uploaded and kept")
