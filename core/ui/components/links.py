"""Addresses of our own pages that are passed on: in reports, and to be copied."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from core.errors import SettingsError
from core.settings import public_url


def address_of(page: str, params: Mapping[str, str], *, shown: str) -> str:
    """A page's address with parameters, below the public address if one is set.

    Otherwise below the one in the reader's browser, whatever path the server is under; "" if
    neither is known.

    Args:
        page: the last part of its address: "explore".
        shown: the same of the page that runs now.
    """
    try:
        base = public_url(os.environ)
    except SettingsError:  # reported by every page
        base = ""
    base = base or (st.context.url or "").partition("?")[0].rstrip("/").removesuffix(f"/{shown}")
    return f"{base}/{page}?{urlencode(params)}" if base else ""
