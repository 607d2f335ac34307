"""Google Cloud: credentials, who pays, the network, the bucket and what may be done in it, Vision.

Nothing here costs anything: no picture is annotated and no object is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.buckets import Buckets, open_google_buckets
from core.cloud_settings import CloudSettings
from core.doctor.findings import Check, Finding, Level, failed
from core.errors import (
    BackendError,
    BucketError,
    BucketNotFound,
    OperationNotFound,
    RequestRefused,
)
from core.google_account import AccountFinder, Find, GoogleAccount, default_credentials
from core.jobs.service.connection import Backend, connect
from core.jobs.service.google_client import CA_VARIABLES, GRPC_CA_VARIABLE, ca_file
from core.service_errors import ROLES, ErrorKind, explain_token
from core.settings import Settings, no_bucket

TIMEOUT_S = 8.0
RIGHTS = (
    "storage.objects.create",
    "storage.objects.get",
    "storage.objects.list",
    "storage.objects.delete",
)
NO_SUCH_OPERATION = "projects/{project}/operations/0"


def _refresh(credentials: Any) -> None:
    from google.auth.transport.requests import Request

    credentials.refresh(Request())


def _buckets(account: GoogleAccount, cloud: CloudSettings) -> Buckets:
    return open_google_buckets(account, cloud, TIMEOUT_S)


def _status(backend: Backend, name: str) -> object:
    connection = connect(backend)
    try:
        return connection.status(name)
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Google:
    """How Google is asked; tests put others in.

    Attributes:
        credentials: Application Default Credentials with their project.
        refresh: get a token for them.
        buckets: Cloud Storage.
        status: ask the Vision service about an operation.
    """

    credentials: Find = default_credentials
    refresh: Callable[[Any], None] = _refresh
    buckets: Callable[[GoogleAccount, CloudSettings], Buckets] = _buckets
    status: Callable[[Backend, str], object] = _status


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the checks of one look share: settings, and the account, which is found once."""

    settings: Settings
    google: Google
    finder: AccountFinder = field(init=False)

    def __post_init__(self) -> None:
        finder = AccountFinder(self.settings.cloud, self.google.credentials)
        object.__setattr__(self, "finder", finder)

    def credentials(self) -> Finding:
        """Whose credentials are found, whether they are still good, and who pays."""
        from google.auth.exceptions import GoogleAuthError

        name = "Credentials"
        account = self.finder.get()
        if account.anonymous:
            return Finding(name, Level.OK, account.kind)
        try:
            self.google.refresh(account.credentials)
        except GoogleAuthError as error:
            fault = explain_token(error)
            level = Level.FAIL if fault.kind is ErrorKind.DENIED else Level.WARN
            prefix = "" if level is Level.FAIL else "Found, but not tried: "
            what, passes = f"{prefix}{fault.what}", level is Level.WARN
            return Finding(name, level, what, account.email, fault.then, passes)
        if self.settings.has_engine:  # Vision is not called, and nobody pays it
            return Finding(name, Level.OK, account.kind, account.email)
        email = getattr(account.credentials, "service_account_email", "") or account.email
        return Finding(name, Level.OK, f"{account.kind}; {account.paying} pays", str(email))

    def bucket(self) -> Finding:
        """Whether the account may do in the bucket what a batch needs, and where it lies."""
        name, settings = "Bucket", self.settings
        if not settings.bucket:
            raise no_bucket()
        where = f"gs://{settings.bucket}"
        if (account := self._account()) is None:
            return _not_looked_at(name, where)
        try:
            buckets = self.google.buckets(account, settings.cloud)
            if account.anonymous:
                buckets.check_bucket(settings.bucket)
                what = "it answers without an account; whether it may be written shows when sending"
                return Finding(name, Level.OK, what, where)
            granted = buckets.rights(settings.bucket, RIGHTS)
            place = buckets.location(settings.bucket) if granted else ""
        except BucketNotFound:
            cure = f"Create it (`gcloud storage buckets create {where}`), or correct its name: "
            cure += "CONTACT_SHEET_BUCKET, or the folder for results among Submit's options."
            return Finding(name, Level.FAIL, "There is no such bucket", where, cure)
        except BucketError as error:
            return failed(name, error, where)
        if missing := [right for right in RIGHTS if right not in granted]:
            cure = f"These roles are enough: {ROLES}."
            return Finding(name, Level.FAIL, f"not allowed: {', '.join(missing)}", where, cure)
        if conflict := settings.cloud.conflict(settings.bucket, place):
            cure = "Use a bucket in that place, or change CONTACT_SHEET_LOCATION."
            return Finding(name, Level.WARN, conflict.rstrip("."), where, cure)
        place = place or "a location that the account may not see"
        return Finding(name, Level.OK, f"may be read and written; in {place}", where)

    def vision(self) -> Finding:
        """Ask about an operation that does not exist: NOT_FOUND tells that the API would answer."""
        name, cloud = "Vision API", self.settings.cloud
        if (account := self._account()) is None:
            return _not_looked_at(name, cloud.vision_host)
        asked = NO_SUCH_OPERATION.format(project=account.project or "-")
        try:
            self.google.status(Backend.of_google(cloud, account), asked)
        except (OperationNotFound, RequestRefused):
            pass
        except BackendError as error:
            return failed(name, error, cloud.vision_host)
        place = f"in the {cloud.location.upper()}" if cloud.location else "wherever Google chooses"
        what = f"enabled, and it answers; pictures are processed {place}"
        return Finding(name, Level.OK, what, cloud.vision_host)

    def _account(self) -> GoogleAccount | None:
        try:
            return self.finder.get()
        except BackendError:
            return None


def cloud_checks(settings: Settings, google: Google, env: Mapping[str, str]) -> list[Check]:
    """What has to be right before Google takes a batch; the account is found once for all."""
    asked = Cloud(settings, google)
    return [
        Check("Credentials", asked.credentials),
        Check("Network", partial(network, settings, env)),
        Check("Bucket", asked.bucket),
        *([] if settings.has_engine else [Check("Vision API", asked.vision)]),
    ]


def _not_looked_at(name: str, where: str) -> Finding:
    return Finding(name, Level.WARN, "not looked at, since there are no usable credentials", where)


def network(settings: Settings, env: Mapping[str, str] = os.environ) -> Finding:
    """Endpoints, proxies and certificates, as they are set; passwords of proxies are left out."""
    name, cloud = "Network", settings.cloud
    vision = "" if settings.has_engine else f"Vision at {cloud.vision_host}, "
    what = f"{vision}Cloud Storage at {cloud.storage_url}"
    if cloud.requester_project:
        what += f"; requester-pays buckets are charged to {cloud.requester_project}"
    proxies = {n: p for n in _PROXIES if (p := _without_password(env.get(n, "")))}
    roots = {n: env[n] for n in (*CA_VARIABLES, GRPC_CA_VARIABLE) if env.get(n)}
    where = ", ".join(f"{n}={value}" for n, value in {**proxies, **roots}.items())
    if missing := [n for n, path in roots.items() if not Path(path).is_file()]:
        cure = f"Let {missing[0]} name a file of certificates in PEM format."
        return Finding(name, Level.FAIL, "there is no such file of certificates", where, cure)
    if GRPC_CA_VARIABLE in roots and not ca_file(env)[0]:
        cure = "Set REQUESTS_CA_BUNDLE as well: Cloud Storage and access tokens need it."
        return Finding(name, Level.WARN, what, where, cure)
    if "HTTPS_PROXY" in proxies and not {"grpc_proxy", "https_proxy"} & set(proxies):
        cure = "Set https_proxy as well: Vision is called by gRPC, which knows no capitals."
        return Finding(name, Level.WARN, what, where, cure)
    return Finding(name, Level.OK, what, where)


_PROXIES = ("grpc_proxy", "https_proxy", "HTTPS_PROXY")


def _without_password(address: str) -> str:
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.hostname}{port}" if parts.hostname else ""
    except ValueError:
        return "an address that cannot be read" if address else ""
