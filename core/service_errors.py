"""What Google's errors mean: a cause and a cure for each, for Vision and for Cloud Storage.

``google.rpc.ErrorInfo.reason`` decides, then Cloud Storage's own older reasons, then the words. The
reasons are those of ``google/api/error_reason.proto``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.foreign_text import message, said

LOGIN = "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS."
NEW_KEY = (
    "Make a new key for the service account, if it still exists, and let "
    "GOOGLE_APPLICATION_CREDENTIALS name its file."
)
ROLES = (
    "Service Usage Consumer on the project that pays, Storage Object User on the bucket for "
    "uploads and results, Storage Object Viewer on buckets with pictures"
)
NO_PROJECT = (
    "Set GOOGLE_CLOUD_PROJECT to the project that shall pay, or run "
    "`gcloud auth application-default set-quota-project PROJECT`."
)
NETWORK = "Check the network, its proxy and its certificates (docs/google-cloud.md)."
CONSOLE = re.compile(r"https://console\.(?:cloud|developers)\.google\.com/[\w/.?=&%#;:+~-]*[\w/=]")
_PROJECT = re.compile(r"project(?:s/|[ _]number:| #?)((?=[a-z]*[\d-])[a-z0-9][a-z0-9-]{4,})")
_GCLOUD_PROJECT = "764086051850"  # of gcloud's own OAuth client: nobody's project to enable APIs in


class ErrorKind(StrEnum):
    """How an error goes on."""

    DENIED = "denied"  # until somebody logs in, grants a role, enables an API or billing
    QUOTA = "quota"  # until the quota's next minute
    UNAVAILABLE = "unavailable"  # until it passes by itself
    REFUSED = "refused"  # as long as the same is asked


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """One of Google's errors, understood.

    Attributes:
        what: a plain sentence without a full stop.
        then: the cure, followed by the service's own words.
        pause_s: how long the service asks to wait; None if it does not say.
    """

    kind: ErrorKind
    what: str
    then: str
    pause_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What an error carries beside its words."""

    reason: str
    message: str
    metadata: dict[str, str]
    url: str

    @property
    def project(self) -> str:
        named = self.metadata.get("consumer", "").rpartition("/")[2].rpartition(":")[2]
        if named:
            return named
        match = _PROJECT.search(self.message)
        return match[1] if match else ""

    @property
    def service(self) -> str:
        return self.metadata.get("service", "")

    @property
    def title(self) -> str:
        titles = {"vision.googleapis.com": "Cloud Vision API", "": "API"}
        usual = titles.get(self.service, self.service or "API")
        return self.metadata.get("serviceTitle") or usual

    @property
    def right(self) -> str:
        match = re.search(
            r"\b((?:storage|vision|serviceusage)\.[a-zA-Z]+\.[a-zA-Z]+)\b", self.message
        )
        return self.metadata.get("permission") or (match[1] if match else "")


def explain(error: BaseException) -> ServiceFault | None:
    """The error as a cause and a cure; None if nothing but its class tells something."""
    facts = _facts(error)
    rule = _RULES.get(facts.reason) or next(
        (_RULES[reason] for words, reason in _WORDS if words.search(facts.message)), None
    )
    if rule is None:
        return None
    kind, what, then = rule(facts)
    return ServiceFault(kind, what, f"{then} {said(error)}".strip(), pause_s(error))


def explain_token(error: BaseException) -> ServiceFault:
    """An access token that could not be had: what is wrong with the credentials, or the way."""
    from google.auth.exceptions import TransportError

    text = " ".join(map(str, (message(error), *error.args)))
    passes = bool(getattr(error, "retryable", False))
    if _LOST.search(text):
        key = "JWT" in text or "account not found" in text  # of a service account
        what, cure = "The credentials have expired or were revoked", NEW_KEY if key else LOGIN
    elif "impersonated" in text and "403" in text:
        what = "The account may not act as the service account that it is to stand for"
        cure = "Give it the role Service Account Token Creator on that service account."
    elif isinstance(error, TransportError) or passes or _AWAY.search(text):
        what = "The server that gives access tokens does not answer"
        return ServiceFault(ErrorKind.UNAVAILABLE, what, f"{NETWORK} {said(error)}")
    else:
        what, cure = "The credentials are not accepted", LOGIN
    return ServiceFault(ErrorKind.DENIED, what, f"{cure} {said(error)}")


def is_token_error(error: BaseException) -> bool:
    """Whether no access token could be had, so that nothing was sent."""
    from google.auth.exceptions import GoogleAuthError

    # gRPC reports a failed token refresh as UNAVAILABLE.
    return isinstance(error, GoogleAuthError) or "metadata from plugin failed" in str(error)


def _facts(error: BaseException) -> _Facts:
    metadata = getattr(error, "metadata", None)
    older = [e.get("reason", "") for e in _items(error, "errors") if isinstance(e, dict)]
    links = [
        link.url for detail in _items(error, "details") for link in getattr(detail, "links", ())
    ]
    details = dict(metadata) if metadata else {}
    text = " ".join([details.get("activationUrl", ""), *links, message(error)])
    match = CONSOLE.search(text)
    return _Facts(
        str(getattr(error, "reason", None) or next(iter(older), "")),
        message(error),
        {str(name): str(value) for name, value in details.items()},
        match[0] if match else "",
    )


def _items(error: BaseException, name: str) -> Iterable[Any]:
    items = getattr(error, name, ())
    return items if isinstance(items, (list, tuple)) else ()


def pause_s(error: BaseException) -> float | None:
    """How long the service asks to wait (``google.rpc.RetryInfo``); None if it does not say."""
    for detail in _items(error, "details"):
        if (delay := getattr(detail, "retry_delay", None)) is not None:
            return float(delay.seconds + delay.nanos / 1e9)
        if isinstance(detail, dict) and str(detail.get("retryDelay", "")).endswith("s"):
            try:
                return float(detail["retryDelay"][:-1])
            except ValueError:
                return None
    return None


_Told = tuple[ErrorKind, str, str]


def _always(kind: ErrorKind, what: str, then: str) -> Callable[[_Facts], _Told]:
    return lambda _: (kind, what, then)


_no_project = _always(ErrorKind.DENIED, "No project is set to be charged", NO_PROJECT)
_suspended = _always(
    ErrorKind.DENIED, "The project or the account is suspended", "Ask Google Cloud's support."
)
_token = _always(ErrorKind.DENIED, "The service does not accept the access token", LOGIN)
_account = _always(ErrorKind.DENIED, "The account is disabled or deleted", LOGIN)
_scope = _always(
    ErrorKind.DENIED,
    "The access token lacks a scope",
    "Give the machine or the login the scope https://www.googleapis.com/auth/cloud-platform.",
)
_requester_pays = _always(
    ErrorKind.REFUSED,
    "Who reads this bucket has to pay for it (requester pays)",
    "Set CONTACT_SHEET_REQUESTER_PROJECT to a project of yours; the account needs Service Usage "
    "Consumer on it. Google Cloud Vision itself may not be able to read the bucket: copy the "
    "pictures to one of your own then.",
)
_precondition = _always(
    ErrorKind.REFUSED,
    "A condition of the request does not hold",
    "The object was changed meanwhile, or the bucket keeps it as it is: look at both.",
)


def _disabled(facts: _Facts) -> _Told:
    if facts.project == _GCLOUD_PROJECT or "requires a quota project" in facts.message:
        return _no_project(facts)
    where = f" in the project {facts.project}" if facts.project else ""
    page = facts.url or _console(f"apis/library/{facts.service}", facts)
    then = f"Enable it on {page} and try again some minutes later."
    return ErrorKind.DENIED, f"The {facts.title} is not enabled{where}", then


def _billing(facts: _Facts) -> _Told:
    whose = f"the project {facts.project}" if facts.project else "the project"
    page = facts.url or _console("billing/linkedaccount", facts)
    then = f"Link a billing account on {page} and try again some minutes later."
    return ErrorKind.DENIED, f"Billing is not enabled for {whose}", then


def _user_project(facts: _Facts) -> _Told:
    which = f"the project {facts.project}" if facts.project else "the project that shall pay"
    page = _console("iam-admin/iam", facts)
    then = f"Give it the role Service Usage Consumer on that project, on {page}"
    return ErrorKind.DENIED, f"The account may not let {which} pay", f"{then}."


def _no_such_project(facts: _Facts) -> _Told:
    which = facts.project or "that is named"
    then = "Correct GOOGLE_CLOUD_PROJECT: `gcloud projects list` shows the ids."
    return ErrorKind.DENIED, f"The project {which} does not exist or cannot be used", then


def _quota(facts: _Facts) -> _Told:
    limit = facts.metadata.get("quota_limit_value", "")
    of = f" of {limit}" if limit else ""
    page = _console(f"apis/api/{facts.service}/quotas", facts) if facts.service else ""
    more = f"More quota is asked for on {page}" if page else "Or ask Google for more quota"
    return ErrorKind.QUOTA, f"A quota{of} is used up", f"It goes on after a pause. {more}."


def _perimeter(facts: _Facts) -> _Told:
    match = re.search(r"vpcServiceControlsUniqueIdentifier: *([\w-]+)", facts.message)
    number = facts.metadata.get("uid") or (match[1] if match else "")
    by = f" and name {number}" if number else ""
    then = f"Ask those who keep the perimeter to let this account or network in{by}."
    return ErrorKind.DENIED, "VPC Service Controls keep this request out", then


def _policy(facts: _Facts) -> _Told:
    match = re.search(r"constraints/[\w.]+", facts.message)
    which = f" {match[0]}" if match else ""
    then = "Ask the organization's administrators, or use another project, bucket or location."
    return ErrorKind.DENIED, f"A policy of the organization{which} forbids it", then


def _role(facts: _Facts) -> _Told:
    right = facts.right
    what = f"The account lacks the right {right}" if right else "The account lacks a role"
    return ErrorKind.DENIED, what, f"These roles are enough: {ROLES}."


def _console(page: str, facts: _Facts) -> str:
    of = f"?project={facts.project}" if facts.project else ""
    return f"https://console.cloud.google.com/{page}{of}"


_RULES: dict[str, Callable[[_Facts], _Told]] = {
    "SERVICE_DISABLED": _disabled,
    "SERVICE_NOT_VISIBLE": _disabled,
    "accessNotConfigured": _disabled,
    "BILLING_DISABLED": _billing,
    "accountDisabled": _billing,
    "USER_PROJECT_DENIED": _user_project,
    "userProjectAccessDenied": _user_project,
    "NO_QUOTA_PROJECT": _no_project,
    "CONSUMER_INVALID": _no_such_project,
    "RESOURCE_PROJECT_INVALID": _no_such_project,
    "CONSUMER_SUSPENDED": _suspended,
    "GCP_SUSPENDED": _suspended,
    "ACCESS_TOKEN_EXPIRED": _token,
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": _token,
    "CREDENTIALS_MISSING": _token,
    "JWT_TOKEN_INVALID": _token,
    "authError": _token,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _scope,
    "ACCOUNT_STATE_INVALID": _account,
    "USER_BLOCKED_BY_ADMIN": _account,
    "RATE_LIMIT_EXCEEDED": _quota,
    "RESOURCE_QUOTA_EXCEEDED": _quota,
    "rateLimitExceeded": _quota,
    "userRateLimitExceeded": _quota,
    "quotaExceeded": _quota,
    "dailyLimitExceeded": _quota,
    "SECURITY_POLICY_VIOLATED": _perimeter,
    "ORG_RESTRICTION_VIOLATION": _policy,
    "LOCATION_ORG_POLICY_VIOLATED": _policy,
    "LOCATION_POLICY_VIOLATED": _policy,
    "RESOURCE_USAGE_RESTRICTION_VIOLATED": _policy,
    "TLS_ORG_POLICY_VIOLATED": _policy,
    "orgPolicyConstraintFailed": _policy,
    "IAM_PERMISSION_DENIED": _role,
    "REQUESTER_PAYS": _requester_pays,
    "UserProjectMissing": _requester_pays,
    "userProjectMissing": _requester_pays,
    "conditionNotMet": _precondition,
}
# Where no reason is given: the words of the service, and of Cloud Storage above all.
_WORDS = tuple(
    (re.compile(words, re.IGNORECASE), reason)
    for words, reason in (
        (r"requires a quota project", "NO_QUOTA_PROJECT"),
        (r"requester pays bucket", "REQUESTER_PAYS"),
        (r"vpcServiceControls|prohibited by organization's policy", "SECURITY_POLICY_VIOLATED"),
        (r"constraints/|org(?:anization)?[ -]policy", "ORG_RESTRICTION_VIOLATION"),
        (r"has not been used in project|it is disabled\. Enable it", "SERVICE_DISABLED"),
        (r"requires billing to be enabled|billing account .*disabled", "BILLING_DISABLED"),
        (r"permission to use project|serviceusage\.services\.use", "USER_PROJECT_DENIED"),
        (r"does not have \S+ access|Permission '\S+' denied", "IAM_PERMISSION_DENIED"),
    )
)
_LOST = re.compile(r"invalid_grant|invalid_rapt|reauthentication|expired or revoked", re.IGNORECASE)
_AWAY = re.compile(
    r"connection|timed? ?out|max retries|resolution|resolve|proxy|certificate|"
    r"\b50[0234]\b|unavailable|backend error|internal_failure|metadata service",
    re.IGNORECASE,
)
