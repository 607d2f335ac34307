"""Settings from the environment: defaults, the cloud's needs, junk."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.jobs.batch.features import Quota
from core.settings import Settings


def test_defaults_need_no_environment() -> None:
    settings = Settings.from_env({})
    assert (settings.backend, settings.bucket, settings.prices) == ("local", "contact-sheet", None)
    assert settings.workers >= 1 and settings.dask == ""
    assert settings.ledger_url == f"sqlite:///{settings.home / 'ledger.sqlite3'}"


def test_set_and_empty_is_as_unset() -> None:
    unset = Settings.from_env({})
    names = (
        "BACKEND",
        "BUCKET",
        "LEDGER_URL",
        "DASK",
        "VECTORS",
        "HOME",
        "WORKERS",
        "PRICES",
        "BUDGET_USD",
        "FOLDERS",
        "MEMBERS",
        "DEMO",
        "SIGN_IN",
    )
    assert Settings.from_env({f"CONTACT_SHEET_{name}": "" for name in names}) == unset


def test_cloud_takes_its_bucket_with_or_without_scheme(tmp_path: Path) -> None:
    env = {
        "CONTACT_SHEET_BACKEND": "cloud",
        "CONTACT_SHEET_BUCKET": "gs://mine/",
        "GOOGLE_CLOUD_PROJECT": "p",
        "CONTACT_SHEET_PRICES": str(tmp_path / "prices.toml"),
    }
    settings = Settings.from_env(env)
    assert (settings.bucket, settings.cloud.project) == ("mine", "p")
    assert settings.prices == tmp_path / "prices.toml"


@pytest.mark.parametrize("name", ["b-", "b_", "b.", "-b", "gs://b-/", "a/b", "a b", "b" * 223])
def test_a_bucket_that_googles_client_refuses_is_reported_at_once(name: str) -> None:
    with pytest.raises(SettingsError, match="CONTACT_SHEET_BUCKET"):
        Settings.from_env({"CONTACT_SHEET_BUCKET": name})


CLOUD = {"CONTACT_SHEET_BACKEND": "cloud", "CONTACT_SHEET_BUCKET": "b"}


@pytest.mark.parametrize(
    ("env", "host", "parent"),
    [
        ({}, "vision.googleapis.com", ""),
        ({"CONTACT_SHEET_LOCATION": "global"}, "vision.googleapis.com", ""),
        ({"CONTACT_SHEET_LOCATION": "EU"}, "eu-vision.googleapis.com", "projects/p/locations/eu"),
        (
            {"CONTACT_SHEET_VISION_ENDPOINT": "us-vision.googleapis.com"},
            "us-vision.googleapis.com",
            "projects/p/locations/us",
        ),
        (
            {
                "CONTACT_SHEET_VISION_ENDPOINT": "https://vision-mine.p.googleapis.com/",
                "CONTACT_SHEET_LOCATION": "eu",
            },
            "vision-mine.p.googleapis.com",
            "projects/p/locations/eu",
        ),
    ],
)
def test_where_vision_is_called(env: dict[str, str], host: str, parent: str) -> None:
    cloud = Settings.from_env({**CLOUD, **env}).cloud
    assert (cloud.vision_host, cloud.parent("p"), cloud.parent(None)) == (host, parent, "")


def test_google_s_own_variable_for_the_payer_comes_first() -> None:
    both = {"GOOGLE_CLOUD_PROJECT": "one", "GOOGLE_CLOUD_QUOTA_PROJECT": "two"}
    cloud = Settings.from_env({**CLOUD, **both}).cloud
    assert (cloud.project, cloud.project_variable) == ("two", "GOOGLE_CLOUD_QUOTA_PROJECT")


@pytest.mark.parametrize(
    ("location", "bucket", "conflicts"),
    [
        ("", "EU", False),
        ("eu", "EU", False),
        ("eu", "EUROPE-WEST1", False),
        ("eu", "EUR4", False),
        ("eu", "EUROPE-WEST2", True),  # London
        ("eu", "US", True),
        ("us", "us-central1", False),
        ("us", "NAM4", False),
        ("us", "ASIA", True),
        ("us", "", False),  # not known
    ],
)
def test_a_bucket_elsewhere_is_reported(location: str, bucket: str, conflicts: bool) -> None:
    env = {**CLOUD, "CONTACT_SHEET_LOCATION": location}
    said = Settings.from_env(env).cloud.conflict("mine", bucket)
    assert bool(said) is conflicts and (
        not conflicts or f"gs://mine lies in {bucket.upper()}" in said
    )


def test_quota_is_google_s_unless_the_project_has_another() -> None:
    usual = Settings.from_env({"CONTACT_SHEET_QUOTA_PICTURES": " "})
    assert (usual.quota_pictures, usual.quota_requests) == (8_000, 1_800)
    env = {"CONTACT_SHEET_QUOTA_PICTURES": "20,000", "CONTACT_SHEET_QUOTA_REQUESTS": "600"}
    own = Settings.from_env(env)
    assert (own.quota_pictures, own.quota_requests) == (20_000, 600)
    assert (usual.quota_pictures, usual.quota_requests) == (
        Quota().pictures,
        Quota().requests,
    )


def test_budget_is_a_sum_of_money() -> None:
    assert Settings.from_env({}).budget_usd is None
    assert Settings.from_env({"CONTACT_SHEET_BUDGET_USD": "12.50"}).budget_usd == 12.5


@pytest.mark.parametrize(
    ("env", "where"),
    [
        ({"CONTACT_SHEET_BACKEND": "azure"}, "CONTACT_SHEET_BACKEND"),
        ({"CONTACT_SHEET_BACKEND": "cloud"}, "CONTACT_SHEET_BUCKET"),
        ({"CONTACT_SHEET_WORKERS": "0"}, "CONTACT_SHEET_WORKERS"),
        ({"CONTACT_SHEET_WORKERS": "many"}, "CONTACT_SHEET_WORKERS"),
        ({"CONTACT_SHEET_LABELS": "slow"}, "CONTACT_SHEET_LABELS"),
        ({"CONTACT_SHEET_BUCKET": "gs://mine/folder"}, "CONTACT_SHEET_BUCKET"),
        ({"CONTACT_SHEET_DASK": "http://127.0.0.1:8786"}, "CONTACT_SHEET_DASK"),
        ({"CONTACT_SHEET_DASK": "127.0.0.1"}, "CONTACT_SHEET_DASK"),
        ({"CONTACT_SHEET_SIGN_IN_HOURS": "0"}, "CONTACT_SHEET_SIGN_IN_HOURS"),
        ({"CONTACT_SHEET_SIGN_IN_HOURS": "721"}, "CONTACT_SHEET_SIGN_IN_HOURS"),
        ({"CONTACT_SHEET_SIGN_IN_HOURS": "a day"}, "CONTACT_SHEET_SIGN_IN_HOURS"),
        ({"CONTACT_SHEET_SIGN_IN_HOURS": "nan"}, "CONTACT_SHEET_SIGN_IN_HOURS"),
        ({**CLOUD, "GOOGLE_CLOUD_PROJECT": "My Project"}, "GOOGLE_CLOUD_PROJECT"),
        ({**CLOUD, "CONTACT_SHEET_LOCATION": "asia"}, "CONTACT_SHEET_LOCATION"),
        (
            {
                **CLOUD,
                "CONTACT_SHEET_LOCATION": "us",
                "CONTACT_SHEET_VISION_ENDPOINT": "eu-vision.googleapis.com",
            },
            "CONTACT_SHEET_LOCATION",
        ),
        ({"CONTACT_SHEET_BACKEND": "engine-on-cloud"}, "CONTACT_SHEET_BUCKET"),
        ({**CLOUD, "CONTACT_SHEET_STORAGE_ACCESS": "anonymous"}, "CONTACT_SHEET_STORAGE_ACCESS"),
        (
            {
                **CLOUD,
                "CONTACT_SHEET_BACKEND": "engine-on-cloud",
                "CONTACT_SHEET_STORAGE_ACCESS": "me",
            },
            "CONTACT_SHEET_STORAGE_ACCESS",
        ),
        ({**CLOUD, "CONTACT_SHEET_VISION_ENDPOINT": "http://h"}, "CONTACT_SHEET_VISION_ENDPOINT"),
        # Tokens would be sent without encryption.
        (
            {**CLOUD, "CONTACT_SHEET_STORAGE_ENDPOINT": "http://storage.example.org"},
            "CONTACT_SHEET_STORAGE_ENDPOINT",
        ),
        ({**CLOUD, "CONTACT_SHEET_REQUESTER_PROJECT": "A B"}, "CONTACT_SHEET_REQUESTER_PROJECT"),
        ({"CONTACT_SHEET_BUDGET_USD": "much"}, "CONTACT_SHEET_BUDGET_USD"),
        ({"CONTACT_SHEET_BUDGET_USD": "-1"}, "CONTACT_SHEET_BUDGET_USD"),
        ({"CONTACT_SHEET_QUOTA_PICTURES": "many"}, "CONTACT_SHEET_QUOTA_PICTURES"),
        ({"CONTACT_SHEET_QUOTA_PICTURES": "1999"}, "CONTACT_SHEET_QUOTA_PICTURES"),
        ({"CONTACT_SHEET_QUOTA_REQUESTS": "-5"}, "CONTACT_SHEET_QUOTA_REQUESTS"),
        ({"CONTACT_SHEET_BUDGET_USD": "inf"}, "CONTACT_SHEET_BUDGET_USD"),
    ],
)
def test_junk_is_named_with_a_cure(env: dict[str, str], where: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env)
    assert caught.value.where == where
    assert caught.value.then


def test_labels_are_full_unless_quick_is_asked_for() -> None:
    assert Settings.from_env({}).labels == Settings.from_env({"CONTACT_SHEET_LABELS": ""}).labels
    assert Settings.from_env({}).labels == "full"
    assert Settings.from_env({"CONTACT_SHEET_LABELS": " quick "}).labels == "quick"
