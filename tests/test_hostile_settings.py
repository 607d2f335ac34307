"""Whatever stands in the environment: settings that can be used, or an error that names one."""

from __future__ import annotations

import os
from dataclasses import fields

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.buckets import GcsUri
from core.cloud_settings import PROJECT_VARIABLES, CloudSettings
from core.errors import LedgerError, SettingsError
from core.jobs.billing.prices import PRICES
from core.jobs.ledger.ledger import Ledger
from core.settings import Settings
from tests.kit.hostile import BOUNDED, ODD_NUMBERS, texts

NAMES = [
    *(f"CONTACT_SHEET_{field.name.upper()}" for field in fields(Settings)),
    *(f"CONTACT_SHEET_{field.name.upper()}" for field in fields(CloudSettings)),
    *PROJECT_VARIABLES,
]
CLOUD = {"CONTACT_SHEET_BACKEND": "cloud", "CONTACT_SHEET_BUCKET": "b"}
# The system gives bytes that are no UTF-8 as surrogates, and cannot give a zero byte.
undecodable = st.builds(os.fsdecode, st.binary(max_size=12)).map(
    lambda text: text.replace("\0", "")
)
odd = st.one_of(
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(
        ["local", "cloud", "~nobody-of-this-name/x", "gs://", "gs://..", "a/b", "1", " "]
    ),
    texts.map(lambda text: text.replace("\0", "")),
    undecodable,
)


@BOUNDED
@given(st.dictionaries(st.sampled_from(NAMES), odd, min_size=1, max_size=4))
@example({"CONTACT_SHEET_WORKERS": "9" * 5_000})
@example({"CONTACT_SHEET_HOME": "~nobody-of-this-name/x"})
@example({"CONTACT_SHEET_FOLDERS": "~nobody-of-this-name:/x"})
@example({"CONTACT_SHEET_BUCKET": "gs://../"})
@example({**CLOUD, "CONTACT_SHEET_STORAGE_ENDPOINT": "https://[::1"})
@example({**CLOUD, "CONTACT_SHEET_STORAGE_ENDPOINT": "https://h:99999"})
@example({**CLOUD, "CONTACT_SHEET_VISION_ENDPOINT": "h/../x"})
@example({**CLOUD, "GOOGLE_CLOUD_PROJECT": "p\r\nx-goog-user-project: q"})
def test_settings_are_usable_or_refused_by_name(env: dict[str, str]) -> None:
    try:
        settings = Settings.from_env(env)
    except SettingsError as error:
        assert error.where in env or error.where == "CONTACT_SHEET_BUCKET"
        assert error.then and f"{error}".encode()
        return
    assert GcsUri.parse(f"gs://{settings.bucket}/x").bucket == settings.bucket
    assert 1 <= settings.workers <= 9_999
    assert settings.home.is_absolute()
    assert all(path.is_absolute() for path in (settings.prices, *(settings.folders or ())) if path)
    if not {"CONTACT_SHEET_SIGN_IN", "CONTACT_SHEET_DEMO"} & set(env):
        assert settings.sign_in is None and not settings.demo


@BOUNDED
@given(odd)
@example("postgresql+psycopg://u:a-secret@h:port/db")
@example("postgresql+psycopg://h:port/db?password=a-secret")
@example("sqlite:////nowhere/\udcff/x")
@example("sqlite:///")
def test_any_ledger_url_is_a_ledger_or_refused(text: str) -> None:
    if text.startswith("sqlite") and "nowhere" not in text:
        return
    with pytest.raises(LedgerError) as caught:
        Ledger(text)
    assert str(caught.value).encode() and "a-secret" not in str(caught.value)


@BOUNDED
@given(
    st.one_of(
        odd,
        st.builds("free_units = {}".format, odd),
        st.builds("[usd_per_1000]\nLABEL_DETECTION = {}".format, odd),
        st.builds("dated = '''{}'''".format, odd),
    )
)
@example("free_units = " + "9" * 5_000)
@example("free_units = 0x" + "f" * 5_000)
@example("a = " + "[" * 20_000)
def test_any_price_file_is_prices_or_refused(text: str) -> None:
    try:
        table = PRICES.overridden(text, "prices.toml")
    except SettingsError as error:
        assert error.where == "prices.toml" and error.then
        return
    assert f"{table.free_units:,}" and 0 <= table.tiers["LABEL_DETECTION"][0].usd_per_1000 < 1e6
