"""What the operator may set, read once from the environment."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.cloud_settings import CloudSettings
from core.errors import SettingsError

# Google's own, cloud.google.com/vision/quotas; a project's may be others (IAM & Admin, Quotas).
QUOTA_PICTURES, QUOTA_REQUESTS = 8_000, 1_800
LEAST_PICTURES, LEAST_REQUESTS = 2_000, 10  # one operation; sending and asking
BACKENDS = ("local", "cloud", "engine-on-cloud")
LABELS = ("full", "quick")
SIGN_IN_HOURS, MOST_SIGN_IN_HOURS = 168.0, 720.0
_PUBLIC_URL = re.compile(
    r"(?i:https?)://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:/[\w.~-]+)*",
    re.ASCII | re.IGNORECASE,
)
LEAST_COOKIE_SECRET = 32  # characters: who guesses Streamlit's cookie_secret is anybody


@dataclass(frozen=True, slots=True)
class Settings:
    """One dashboard's settings; every field has an environment variable.

    Attributes:
        backend: ``CONTACT_SHEET_BACKEND``: "local" (the embedded engine), "cloud" (Google), or
            "engine-on-cloud": the embedded engine, with pictures and shards in Cloud Storage.
        home: ``CONTACT_SHEET_HOME``: folder for the ledger, uploads, local buckets and models.
        bucket: ``CONTACT_SHEET_BUCKET``: bucket for uploads and results; must exist on the cloud.
        cloud: how Google Cloud is reached and which project pays, see ``CloudSettings``.
        workers: ``CONTACT_SHEET_WORKERS``: processes of the embedded engine; default all cores.
        dask: ``CONTACT_SHEET_DASK``: a Dask scheduler, ``tcp://HOST:PORT``, whose workers annotate
            for the embedded engine; "" for its own processes. Trusted networks only.
        vectors: ``CONTACT_SHEET_VECTORS``: "0" keeps the embedded engine from writing pictures'
            vectors, of which Explore draws its map, beside the shards.
        labels: ``CONTACT_SHEET_LABELS``: "quick" keeps the embedded engine from looking for faces
            and objects where labels are asked for; "full" unless set.
        prices: ``CONTACT_SHEET_PRICES``: a TOML file of your own prices; None for Google's list.
        budget_usd: ``CONTACT_SHEET_BUDGET_USD``: most to be spent in a month; None for no limit.
        quota_pictures: ``CONTACT_SHEET_QUOTA_PICTURES``: pictures that may be in processing
            at once; Google's quota unless set.
        quota_requests: ``CONTACT_SHEET_QUOTA_REQUESTS``: requests a minute that it takes; likewise.
        ledger_url: ``CONTACT_SHEET_LEDGER_URL``: any SQLAlchemy URL; default SQLite under ``home``.
        sign_in: ``CONTACT_SHEET_SIGN_IN``: "1" lets nobody in who has not signed in, "0" asks
            nobody; None, the default, asks if Streamlit's secrets have an ``[auth]`` section.
        members: ``CONTACT_SHEET_MEMBERS``: e-mail addresses, or whole domains as ``@example.org``,
            parted by commas, of those who may sign in; () for all whom the provider lets in.
        sign_in_hours: ``CONTACT_SHEET_SIGN_IN_HOURS``: how long a sign-in is good for; a week
            unless set, and 30 days at most.
        public_url: ``CONTACT_SHEET_PUBLIC_URL``: address under which browsers reach the dashboard
            behind a proxy, as ``https://example.org/sheet``; "" for the address they ask for.
        demo: ``CONTACT_SHEET_DEMO``: "1" shows everything and lets nobody change anything.
        folders: ``CONTACT_SHEET_FOLDERS``: folders of this machine whose pictures may be sent,
            parted as in ``PATH``. None, the default, is all of them while there is neither sign-in
            nor demo, and none of them otherwise.
    """

    backend: str
    home: Path
    bucket: str
    cloud: CloudSettings
    workers: int
    dask: str
    prices: Path | None
    ledger_url: str
    budget_usd: float | None = None
    vectors: bool = True
    labels: str = "full"
    sign_in: bool | None = None
    members: tuple[str, ...] = ()
    sign_in_hours: float = SIGN_IN_HOURS
    public_url: str = ""
    demo: bool = False
    folders: tuple[Path, ...] | None = None
    quota_pictures: int = QUOTA_PICTURES
    quota_requests: int = QUOTA_REQUESTS

    @property
    def has_engine(self) -> bool:
        """Whether the embedded engine annotates, wherever the pictures are."""
        return self.backend != "cloud"

    @property
    def on_cloud(self) -> bool:
        """Whether pictures and results are in Cloud Storage, with either backend."""
        return self.backend != "local"

    @classmethod
    def from_env(
        cls, env: Mapping[str, str] | None = None, *, bucket_needed: bool = True
    ) -> Settings:
        """Read and check the environment; what is set and empty counts as unset.

        Args:
            bucket_needed: False lets ``bucket`` be "" on the cloud, for who looks at the rest.

        Raises:
            SettingsError: naming the first variable whose value cannot be used.
        """
        env = os.environ if env is None else env
        backend = env.get("CONTACT_SHEET_BACKEND") or "local"
        if backend not in BACKENDS:
            raise SettingsError(
                f"{backend!r} is not a backend",
                where="CONTACT_SHEET_BACKEND",
                then=f"Use one of: {', '.join(BACKENDS)}.",
            )
        usual = "contact-sheet" if backend == "local" else ""
        bucket = env.get("CONTACT_SHEET_BUCKET") or usual
        if not bucket and bucket_needed:
            raise no_bucket()
        home = _path(env, "CONTACT_SHEET_HOME") or Path(".contact-sheet").resolve()
        return cls(
            backend=backend,
            home=home,
            bucket=_bucket(bucket) if bucket else "",
            cloud=_cloud(env, backend),
            prices=_path(env, "CONTACT_SHEET_PRICES"),
            workers=_workers(env.get("CONTACT_SHEET_WORKERS", "")),
            dask=_scheduler(env.get("CONTACT_SHEET_DASK", "")),
            ledger_url=env.get("CONTACT_SHEET_LEDGER_URL")
            or f"sqlite:///{home / 'ledger.sqlite3'}",
            budget_usd=_budget(env.get("CONTACT_SHEET_BUDGET_USD", "")),
            vectors=_switch(env, "CONTACT_SHEET_VECTORS") is not False,
            labels=_labels(env.get("CONTACT_SHEET_LABELS", "")),
            sign_in=_switch(env, "CONTACT_SHEET_SIGN_IN"),
            members=_members(env.get("CONTACT_SHEET_MEMBERS", "")),
            sign_in_hours=_hours(env.get("CONTACT_SHEET_SIGN_IN_HOURS", "")),
            public_url=public_url(env),
            demo=bool(_switch(env, "CONTACT_SHEET_DEMO")),
            folders=_folders(env),
            quota_pictures=_quota(env, "PICTURES", QUOTA_PICTURES, LEAST_PICTURES),
            quota_requests=_quota(env, "REQUESTS", QUOTA_REQUESTS, LEAST_REQUESTS),
        )


def _cloud(env: Mapping[str, str], backend: str) -> CloudSettings:
    cloud = CloudSettings.from_env(env) if backend != "local" else CloudSettings()
    if cloud.anonymous and backend == "cloud":
        raise SettingsError(
            "Google Cloud Vision answers nobody without an account",
            where="CONTACT_SHEET_STORAGE_ACCESS",
            then="Leave it unset, or use CONTACT_SHEET_BACKEND=engine-on-cloud.",
        )
    return cloud


def no_bucket() -> SettingsError:
    """What is wrong where Google Cloud is to be used and no bucket is named."""
    return SettingsError(
        "Google Cloud needs a bucket for uploads and results",
        where="CONTACT_SHEET_BUCKET",
        then="Set it to the name of a bucket that your account may write to.",
    )


def public_url(env: Mapping[str, str]) -> str:
    """``CONTACT_SHEET_PUBLIC_URL`` without a slash at its end; "" if it is not set.

    Raises:
        SettingsError: it is no address of a web site.
    """
    name = "CONTACT_SHEET_PUBLIC_URL"
    text = env.get(name, "").strip().rstrip("/")
    if text and _PUBLIC_URL.fullmatch(text) is None:
        raise SettingsError(
            f"{text.rpartition('@')[2][:80]!r} is not a public address",
            where=name,
            then="Write https://HOST, https://HOST:PORT or https://HOST/PATH, and no more.",
        )
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    port = {"http": ":80", "https": ":443"}.get(scheme.lower(), "")  # which browsers leave out
    host = host.lower().removesuffix(port)
    return f"{scheme.lower()}://{host}{slash}{path}" if text else ""


def _labels(text: str) -> str:
    labels = text.strip() or "full"
    if labels not in LABELS:
        raise SettingsError(
            f"{labels[:80]!r} is no way to find labels",
            where="CONTACT_SHEET_LABELS",
            then=f"Use one of: {', '.join(LABELS)}.",
        )
    return labels


def _bucket(text: str) -> str:
    name = text.removeprefix("gs://").strip("/")
    if not re.fullmatch(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,220}[a-zA-Z0-9])?", name):
        raise SettingsError(
            f"{text[:80]!r} is not a bucket's name",
            where="CONTACT_SHEET_BUCKET",
            then="Use letters, digits, '-', '_' and '.', of which a letter or digit is first and "
            "last, without a folder behind them.",
        )
    return name


def _path(env: Mapping[str, str], name: str) -> Path | None:
    text = env.get(name, "").strip()
    return _resolved(text, name) if text else None


def _resolved(text: str, name: str) -> Path:
    try:
        text.encode()  # what is kept of it, the ledger's path for one, must be text
        return Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingsError(
            f"{text[:80]!r} is not a path", where=name, then=f"Python says: {str(error)[:200]}."
        ) from error


def _switch(env: Mapping[str, str], name: str) -> bool | None:
    """None if it is not set; a doubtful value must not quietly open the door."""
    text = env.get(name, "").strip()
    if text not in ("", "0", "1"):
        raise SettingsError(
            f"{text!r} is neither on nor off", where=name, then="Use 1 or 0, or leave it unset."
        )
    return text == "1" if text else None


def _members(text: str) -> tuple[str, ...]:
    members = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for member in members:
        if not re.fullmatch(r"[^@\s]*@[^@\s]+", member):
            raise SettingsError(
                f"{member!r} is neither an e-mail address nor a domain",
                where="CONTACT_SHEET_MEMBERS",
                then="Write ada@example.org, or @example.org for all of a domain.",
            )
    return members


def _hours(text: str) -> float:
    if not text.strip():
        return SIGN_IN_HOURS
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 < hours <= MOST_SIGN_IN_HOURS:
        raise SettingsError(
            f"{text[:80]!r} is not how long a sign-in may last",
            where="CONTACT_SHEET_SIGN_IN_HOURS",
            then=f"Use hours, such as 12; at most {MOST_SIGN_IN_HOURS:.0f}, Streamlit's own limit.",
        )
    return hours


def _folders(env: Mapping[str, str]) -> tuple[Path, ...] | None:
    name = "CONTACT_SHEET_FOLDERS"
    parts = [part.strip() for part in env.get(name, "").split(os.pathsep) if part.strip()]
    return tuple(_resolved(part, name) for part in parts) if parts else None


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


def _quota(env: Mapping[str, str], what: str, usual: int, least: int) -> int:
    name = f"CONTACT_SHEET_QUOTA_{what}"
    text = env.get(name, "").strip().replace(",", "").replace("_", "")
    if not text:
        return usual
    if not text.isdecimal() or len(text) > 9 or int(text) < least:
        raise SettingsError(
            f"{text[:80]!r} is not a quota",
            where=name,
            then=f"Use a whole number from {least}, or leave it unset for Google's {usual:,}.",
        )
    return int(text)


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
    if not text.isdecimal() or len(text) > 4 or int(text) < 1:
        raise SettingsError(
            f"{text[:80]!r} is not a number of processes",
            where="CONTACT_SHEET_WORKERS",
            then="Use a whole number from 1 to 9999, or leave it unset for all cores.",
        )
    return int(text)
