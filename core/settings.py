"""What the operator may set, read once from the environment."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError

BACKENDS = ("local", "cloud")


@dataclass(frozen=True, slots=True)
class Settings:
    """One dashboard's settings; every field has an environment variable.

    Attributes:
        backend: ``CONTACT_SHEET_BACKEND``: "local" (the embedded engine) or "cloud" (Google).
        home: ``CONTACT_SHEET_HOME``: folder for the ledger, uploads, local buckets and models.
        bucket: ``CONTACT_SHEET_BUCKET``: bucket for uploads and results; must exist on the cloud.
        project: ``GOOGLE_CLOUD_PROJECT``; None lets the credentials choose.
        workers: ``CONTACT_SHEET_WORKERS``: processes of the embedded engine; default all cores.
        dask: ``CONTACT_SHEET_DASK``: a Dask scheduler, ``tcp://HOST:PORT``, whose workers annotate
            for the embedded engine; "" for its own processes. Trusted networks only.
        prices: ``CONTACT_SHEET_PRICES``: a TOML file of your own prices; None for Google's list.
        budget_usd: ``CONTACT_SHEET_BUDGET_USD``: most to be spent in a month; None for no limit.
        ledger_url: ``CONTACT_SHEET_LEDGER_URL``: any SQLAlchemy URL; default SQLite under ``home``.
    """

    backend: str
    home: Path
    bucket: str
    project: str | None
    workers: int
    dask: str
    prices: Path | None
    ledger_url: str
    budget_usd: float | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read and check the environment.

        Raises:
            SettingsError: naming the first variable whose value cannot be used.
        """
        env = os.environ if env is None else env
        backend = env.get("CONTACT_SHEET_BACKEND", "local")
        if backend not in BACKENDS:
            raise SettingsError(
                f"{backend!r} is not a backend",
                where="CONTACT_SHEET_BACKEND",
                then=f"Use one of: {', '.join(BACKENDS)}.",
            )
        bucket = env.get("CONTACT_SHEET_BUCKET", "contact-sheet" if backend == "local" else "")
        if not bucket:
            raise SettingsError(
                "Google Cloud needs a bucket for uploads and results",
                where="CONTACT_SHEET_BUCKET",
                then="Set it to the name of a bucket that your account may write to.",
            )
        home = Path(env.get("CONTACT_SHEET_HOME", ".contact-sheet")).expanduser().resolve()
        return cls(
            backend=backend,
            home=home,
            bucket=bucket.removeprefix("gs://").strip("/"),
            project=env.get("GOOGLE_CLOUD_PROJECT") or None,
            prices=_path(env.get("CONTACT_SHEET_PRICES", "")),
            workers=_workers(env.get("CONTACT_SHEET_WORKERS", "")),
            dask=_scheduler(env.get("CONTACT_SHEET_DASK", "")),
            ledger_url=env.get("CONTACT_SHEET_LEDGER_URL", f"sqlite:///{home / 'ledger.sqlite3'}"),
            budget_usd=_budget(env.get("CONTACT_SHEET_BUDGET_USD", "")),
        )


def _path(text: str) -> Path | None:
    return Path(text).expanduser().resolve() if text else None


def _budget(text: str) -> float | None:
    if not text:
        return None
    try:
        usd = float(text)
    except ValueError:
        usd = math.nan
    if not 0 <= usd < math.inf:
        raise SettingsError(
            f"{text!r} is not a sum of USD",
            where="CONTACT_SHEET_BUDGET_USD",
            then="Use a number such as 25 or 12.50; 0 allows free units only.",
        )
    return usd


def _scheduler(text: str) -> str:
    if text and not re.fullmatch(r"(tcp|tls)://[\w.\[\]:-]+:\d{1,5}", text):
        raise SettingsError(
            f"{text!r} is not the address of a Dask scheduler",
            where="CONTACT_SHEET_DASK",
            then="Use tcp://HOST:PORT or tls://HOST:PORT, or leave it unset.",
        )
    return text


def _workers(text: str) -> int:
    if not text:
        return os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(
            f"{text!r} is not a number of processes",
            where="CONTACT_SHEET_WORKERS",
            then="Use a whole number of at least 1, or leave it unset for all cores.",
        )
    return int(text)
