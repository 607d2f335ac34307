"""What the stand-in's servers share: rules, the log of requests, tokens, keys and certificates.

It says what Google documents, and is not Google.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

OWN = "demo-project"  # of the service account
ACCOUNT = f"sheet@{OWN}.iam.gserviceaccount.com"
PERSON = "user:ada"
BUCKET = "demo-bucket"


@dataclass
class Rule:
    """What happens to requests that it matches.

    Attributes:
        api: "vision", "storage" or "token".
        fault: its name in the servers' tables.
        match: regular expression over the request's method and name.
        times: how often it applies.
        after: Vision alone: the engine accepts the batch, and then the answer is lost.
    """

    api: str
    fault: str
    match: str = ""
    times: int = 1_000_000
    after: bool = False


@dataclass
class Desk:
    """Rules, log and tokens of one stand-in; cleared between tests."""

    rules: list[Rule] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    buckets: set[str] = field(default_factory=lambda: {BUCKET})
    denied: set[str] = field(default_factory=set)  # permissions that the account lacks
    closed_projects: set[str] = field(default_factory=set)  # that may not be charged
    requester_pays: set[str] = field(default_factory=set)  # buckets
    location: str | None = "US-CENTRAL1"  # of the bucket; None may not be seen
    expires_in: int = 3_599  # seconds that an access token is good for
    paused: bool = False  # Vision takes batches and works at none, until they are in ``finished``
    finished: set[str] = field(default_factory=set)
    public_key: bytes = b""
    _tokens: dict[str, str] = field(default_factory=dict)
    _earlier: set[str] = field(default_factory=set)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """As new, but for tokens that clients still hold.

        What a client of an earlier test still sends to Storage, whose tokens are all unlike, is no
        call of the next one's; it may have got its token before and use it for the first time now.
        """
        fresh = Desk()
        self._earlier |= {str(line["token"]) for line in self.log if line.get("token")}
        with self._lock:
            self._earlier |= {f"Bearer {token}" for token in self._tokens}  # as headers have it
        for name in (
            *("rules", "log", "buckets", "denied", "closed_projects", "requester_pays"),
            *("location", "expires_in", "paused", "finished"),
        ):
            setattr(self, name, getattr(fresh, name))

    def pick(self, api: str, text: str) -> Rule | None:
        """The first rule that matches and is not used up."""
        with self._lock:
            for rule in self.rules:
                if rule.api == api and rule.times > 0 and re.search(rule.match, text):
                    rule.times -= 1
                    return rule
        return None

    def came(self, api: str, method: str, **facts: Any) -> dict[str, Any]:
        """A new line of the log, when a request comes in; its "answer" is filled in later.

        A client may give a call up while it is worked on, so that its answer comes after the test
        is over: its line belongs to the log of the test that made it.
        """
        line = {"api": api, "method": method, "answer": "", "accepted": False, **facts}
        with self._lock:
            self.log.append(line)
        return line

    def calls(self, api: str) -> list[dict[str, Any]]:
        """The log of one server."""
        with self._lock:
            return [
                line
                for line in self.log
                if line["api"] == api and line.get("token") not in self._earlier
            ]

    def new_token(self, who: str) -> str:
        """An access token for an account."""
        with self._lock:
            token = f"ya29.{next(self._numbers):08d}"
            self._tokens[token] = who
        return token

    def revoke(self) -> None:
        """Access tokens that were given out are worth nothing any more."""
        with self._lock:
            self._tokens.clear()

    def who(self, header: str | None) -> str | None:
        """The account of an ``Authorization`` header; None for a missing or foreign one."""
        from google.auth import jwt

        kind, _, token = (header or "").partition(" ")
        if kind != "Bearer":
            return None
        if token in self._tokens:
            return self._tokens[token]
        try:
            return str(jwt.decode(token, certs=self.public_key)["iss"])
        except (ValueError, KeyError):
            return None

    def payer(self, who: str, named: str | None) -> str | None:
        """The project that a call is charged to; None where there is none."""
        return named or (OWN if who == ACCOUNT else None)


@dataclass(frozen=True)
class Keys:
    """Files of credentials and certificates in one folder."""

    folder: Path
    ca: Path
    certificate: Path
    key: Path
    public_key: bytes


def make_keys(folder: Path, token_url: str) -> Keys:
    """An authority, a server's certificate for loopback, and credentials files of every kind."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Stand-in CA", authority_key, None, authority_key)
    server = _certificate("localhost", server_key, authority, authority_key)
    account_key, other_key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    paths = {name: folder / f"{name}.pem" for name in ("ca", "server", "server-key")}
    paths["ca"].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    paths["server"].write_bytes(server.public_bytes(serialization.Encoding.PEM))
    paths["server-key"].write_bytes(_pem(server_key))
    robot = {
        "type": "service_account",
        "project_id": OWN,
        "private_key_id": "k1",
        "private_key": _pem(account_key).decode(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": token_url,
    }
    person = {
        "type": "authorized_user",
        "client_id": "c.apps.googleusercontent.com",
        "client_secret": "x",
        "refresh_token": "good",
    }
    cut = {**robot, "private_key": robot["private_key"][:300]}
    contents: dict[str, Any] = {
        "robot": robot,
        "robot-old-key": {**robot, "private_key": _pem(other_key).decode()},
        "cut": cut,
        "person": {**person, "quota_project_id": OWN},
        "person-no-project": person,
        "person-revoked": {**person, "refresh_token": "revoked", "quota_project_id": OWN},
        "person-reauth": {**person, "refresh_token": "rapt", "quota_project_id": OWN},
        "odd-type": {"type": "something_else"},
        "oauth-client": {"installed": {"client_id": "c"}},
    }
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "no-json.json").write_text("{ this is no JSON")
    (folder / "empty.json").write_text("")
    public = account_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Keys(folder, paths["ca"], paths["server"], paths["server-key"], public)


def _pem(key: Any) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    ends = ("crl_sign", "encipher_only", "decipher_only")
    rest: dict[str, bool] = dict.fromkeys((*others, *ends), False)
    return x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, **rest)


def _certificate(name: str, key: Any, issuer: x509.Certificate | None, signer: Any) -> Any:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        # Python 3.13 and newer ask for these (ssl.VERIFY_X509_STRICT, RFC 5280).
        .add_extension(_key_usage(authority=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if issuer is not None:
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), loopback])
        built = built.add_extension(names, critical=False)
    return built.sign(signer, hashes.SHA256())


def until(condition: Any, seconds: float = 60.0) -> None:
    """Wait until a condition holds; fails the test after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
