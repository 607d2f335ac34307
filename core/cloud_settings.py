"""Where Google is reached and which project pays: the part of the settings that only it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import SettingsError

VISION_HOST = "vision.googleapis.com"
STORAGE_URL = "https://storage.googleapis.com"
LOCATIONS = ("us", "eu")  # docs.cloud.google.com/vision/docs/ocr#regionalization
# The first that is set names the project; google-auth gives the first one the same meaning.
PROJECT_VARIABLES = ("GOOGLE_CLOUD_QUOTA_PROJECT", "GOOGLE_CLOUD_PROJECT")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """How Google Cloud is reached.

    Attributes:
        project: ``GOOGLE_CLOUD_QUOTA_PROJECT``, or else ``GOOGLE_CLOUD_PROJECT``: the project that
            pays; None lets the credentials choose.
        project_variable: which of them named it; "" if neither did.
        location: ``CONTACT_SHEET_LOCATION``: "us" or "eu", where pictures are processed and kept
            meanwhile; "" (or "global") lets Google choose.
        vision_endpoint: ``CONTACT_SHEET_VISION_ENDPOINT``: ``HOST`` or ``HOST:PORT`` of another
            endpoint, such as one of Private Service Connect; "" for the location's own.
        storage_endpoint: ``CONTACT_SHEET_STORAGE_ENDPOINT``: ``https://HOST[:PORT]``; "" for
            Google's.
        requester_project: ``CONTACT_SHEET_REQUESTER_PROJECT``: the project that pays for reading
            requester-pays buckets; None sends none.
        anonymous: ``CONTACT_SHEET_STORAGE_ACCESS``: "anonymous" calls Cloud Storage without an
            account, for public buckets and for servers that want none; "account" unless set.
    """

    project: str | None = None
    project_variable: str = ""
    location: str = ""
    vision_endpoint: str = ""
    storage_endpoint: str = ""
    requester_project: str | None = None
    anonymous: bool = False

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> CloudSettings:
        """Read and check the variables.

        Raises:
            SettingsError: naming the first variable whose value cannot be used.
        """
        named = next((name for name in PROJECT_VARIABLES if env.get(name, "").strip()), "")
        endpoint = _host(env.get("CONTACT_SHEET_VISION_ENDPOINT", ""))
        return cls(
            project=_project(env, named) if named else None,
            project_variable=named,
            location=_location(env.get("CONTACT_SHEET_LOCATION", ""), endpoint),
            vision_endpoint=endpoint,
            storage_endpoint=_url(env.get("CONTACT_SHEET_STORAGE_ENDPOINT", "")),
            requester_project=_project(env, "CONTACT_SHEET_REQUESTER_PROJECT"),
            anonymous=_anonymous(env.get("CONTACT_SHEET_STORAGE_ACCESS", "")),
        )

    @property
    def vision_host(self) -> str:
        """The host, and perhaps the port, that Vision is called at."""
        if self.vision_endpoint:
            return self.vision_endpoint
        return f"{self.location}-{VISION_HOST}" if self.location else VISION_HOST

    @property
    def storage_url(self) -> str:
        """The address that Cloud Storage is called at."""
        return self.storage_endpoint or STORAGE_URL

    def parent(self, project: str | None) -> str:
        """What a request names as its ``parent``; "" leaves the place to Google."""
        return f"projects/{project}/locations/{self.location}" if self.location and project else ""

    def conflict(self, bucket: str, lies_in: str) -> str:
        """Why a bucket's place does not go with this one's, as a sentence; "" if it does.

        Args:
            lies_in: as Cloud Storage names it, such as ``EU`` or ``US-CENTRAL1``; "" if not known.
        """
        there = lies_in.upper()
        inside = there.startswith(_BUCKETS_IN.get(self.location, ())) and there not in _NOT_IN_EU
        if not self.location or not there or inside:
            return ""
        return (
            f"Pictures are processed in the {self.location.upper()} (CONTACT_SHEET_LOCATION), but "
            f"gs://{bucket} lies in {there}: data crosses between the two."
        )


# cloud.google.com/storage/docs/locations: multi-regions, dual-regions (EUR, NAM) and regions.
_BUCKETS_IN = {"us": ("US", "NAM"), "eu": ("EU",)}
_NOT_IN_EU = ("EUROPE-WEST2", "EUROPE-WEST6")  # London and Zurich


def _project(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name, "").strip()
    if text and not re.fullmatch(r"[a-z0-9][a-z0-9.:-]{0,62}", text):
        raise SettingsError(
            f"{text[:80]!r} is not a project's id",
            where=name,
            then="Use the id that `gcloud projects list` shows, not the project's title.",
        )
    return text or None


def _anonymous(text: str) -> bool:
    access = text.strip().lower() or "account"
    if access not in ("account", "anonymous"):
        raise SettingsError(
            f"{text[:80]!r} is no way to reach Cloud Storage",
            where="CONTACT_SHEET_STORAGE_ACCESS",
            then="Use account or anonymous.",
        )
    return access == "anonymous"


def _location(text: str, endpoint: str) -> str:
    location = text.strip().lower()
    if location not in ("", "global", *LOCATIONS):
        raise SettingsError(
            f"{text[:80]!r} is no location of Cloud Vision",
            where="CONTACT_SHEET_LOCATION",
            then="Use us, eu or global.",
        )
    of_endpoint = next((place for place in LOCATIONS if endpoint.startswith(f"{place}-")), "")
    if location and of_endpoint and location != of_endpoint:
        raise SettingsError(
            f"The location is {location}, and the endpoint {endpoint} is in {of_endpoint}",
            where="CONTACT_SHEET_LOCATION",
            then="Leave CONTACT_SHEET_VISION_ENDPOINT unset, or make both name one place.",
        )
    return "" if location == "global" else location or of_endpoint


def _host(text: str) -> str:
    host = text.strip().removeprefix("https://").rstrip("/")
    if host and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?", host):
        raise SettingsError(
            f"{text[:80]!r} is not the address of an endpoint",
            where="CONTACT_SHEET_VISION_ENDPOINT",
            then="Use HOST or HOST:PORT, such as eu-vision.googleapis.com.",
        )
    return host


def _url(text: str) -> str:
    url = text.strip().rstrip("/")
    if not url:
        return ""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    plain = re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc) and not parts.query
    if not (host and safe and plain) or parts.path or parts.fragment:
        raise SettingsError(
            f"{text[:80]!r} is not the address of an endpoint",
            where="CONTACT_SHEET_STORAGE_ENDPOINT",
            then="Use https://HOST, such as https://storage.googleapis.com, without a path.",
        )
    return f"{parts.scheme}://{parts.netloc}"
