"""Cloud Storage and the token server over TLS; objects lie in the engine's storage emulator."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.kit.standin.desk import ACCOUNT, OWN, PERSON, Desk, Keys

AUDIENCE = "https://oauth2.googleapis.com/token"
# Fault -> status, words, reason of Cloud Storage's JSON API.
FAULTS = {
    "role": (403, f"{ACCOUNT} does not have storage.objects.list access to the Google Cloud "
             "Storage bucket.", "forbidden"),
    "no_bucket": (404, "The specified bucket does not exist.", "notFound"),
    "token": (401, "Invalid Credentials", "authError"),
    "slower": (429, "The rate of change requests exceeds the rate limit.", "rateLimitExceeded"),
    "unavailable": (503, "Backend Error", "backendError"),
    "precondition": (412, "At least one of the pre-conditions you specified did not hold.",
                     "conditionNotMet"),
    "requester_pays": (400, "Bucket is a requester pays bucket but no user project provided.",
                       "required"),
    "billing": (403, "The billing account for the owning project is disabled in state absent",
                "accountDisabled"),
    "api_disabled": (403, "Cloud Storage JSON API has not been used in project 123456789012 before "
                     "or it is disabled.", "accessNotConfigured"),
    "user_project": (403, "Caller does not have required permission to use project demo-project. "
                     "Grant the caller the roles/serviceusage.serviceUsageConsumer role.",
                     "USER_PROJECT_DENIED"),
    "perimeter": (403, "Request is prohibited by organization's policy. "
                  "vpcServiceControlsUniqueIdentifier: uQ-2", "vpcServiceControls"),
    "no_metadata": (403, f"{ACCOUNT} does not have storage.buckets.get access to the bucket.",
                    "forbidden"),
}  # fmt: skip
TOKEN_FAULTS = {
    "away": (503, "internal_failure", "Backend Error"),
    "no_account": (400, "invalid_grant", "Invalid grant: account not found"),
    "no_client": (401, "deleted_client", "The OAuth client was deleted."),
}


class Web:
    """Both servers; ``storage_url`` and ``token_url`` say where."""

    def __init__(self, desk: Desk, emulator: str) -> None:
        self.desk = desk
        self.emulator = urlsplit(emulator)
        self._servers = [_Server(self, kind) for kind in (_Storage, _Token)]
        self.storage_url, self.token_url = (
            f"https://localhost:{server.server_address[1]}" for server in self._servers
        )
        self.token_url += "/token"

    def start(self, keys: Keys) -> None:
        """Listen, with a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys.certificate, keys.key)
        for server in self._servers:
            server.context = context
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context: ssl.SSLContext

    def __init__(self, web: Web, handler: Any) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.web = web

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:  # the handshake in the connection's own thread
            super().finish_request(
                self.context.wrap_socket(request, server_side=True), client_address
            )
        except OSError:
            return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """The desk keeps the log."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def say(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def tell(self, status: int, body: object) -> None:
        self.say(status, json.dumps(body).encode())


class _Storage(_Handler):
    def _go(self) -> None:
        data, parts = self.body(), urlsplit(self.path)
        query, path = parse_qs(parts.query), unquote(parts.path)
        desk = self.server.web.desk
        in_path = re.search(r"/b/([^/?]+)", path)
        bucket = in_path[1] if in_path else ""
        named = self.headers.get("x-goog-user-project")
        who = desk.who(self.headers.get("Authorization"))
        user_project = next(iter(query.get("userProject", [])), None)
        facts = {
            "path": path,
            "token": self.headers.get("Authorization") or "",
            "named": named,
            "user_project": user_project,
            "payer": desk.payer(who, named) if who else None,
        }
        rule = desk.pick("storage", f"{self.command} {path}")
        late = rule is not None and rule.fault == "late"  # a listing without the newest shards
        fault = "token" if who is None else rule.fault if rule and not late else ""
        if not fault and facts["payer"] in desk.closed_projects:
            fault = "user_project"
        if not fault and bucket and bucket not in desk.buckets:
            fault = "no_bucket"
        if not fault and bucket in desk.requester_pays and not user_project:
            fault = "requester_pays"
        is_bucket = self.command == "GET" and bool(re.search(r"/b/[^/]+/?$", path))
        if not fault and is_bucket and desk.location is None:
            fault = "no_metadata"
        asks = path.endswith("/iam/testPermissions")
        line = desk.came("storage", "testPermissions" if asks else self.command, **facts)
        if fault:
            status, words, reason = FAULTS[fault]
            if fault == "user_project":
                words = words.replace(OWN, str(facts["payer"] or OWN))
            line["answer"] = fault
            errors = [{"message": words, "domain": "global", "reason": reason}]
            self.tell(status, {"error": {"code": status, "message": words, "errors": errors}})
        elif asks:
            line["answer"] = "ok"
            permissions = [one for one in query.get("permissions", []) if one not in desk.denied]
            self.tell(200, {"permissions": permissions} if permissions else {})
        else:
            status, headers, answer = self._forward(data)
            if is_bucket and status == 200:
                answer = json.dumps({**json.loads(answer), "location": desk.location}).encode()
            if late and status == 200:
                listing = json.loads(answer)
                shown = [one for one in listing.get("items", []) if "/output-" not in one["name"]]
                answer = json.dumps({**listing, "items": shown}).encode()
            line["answer"] = str(status)
            self.say(status, answer, headers)

    def _forward(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        web = self.server.web
        there = http.client.HTTPConnection(web.emulator.hostname or "", web.emulator.port)
        forwarded = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("host", "connection", "authorization", "content-length")
        }
        try:
            body = data if self.command in ("POST", "PUT", "PATCH") else None
            there.request(self.command, self.path, body=body, headers=forwarded)
            answer = there.getresponse()
            content = answer.read()
            headers = dict(answer.getheaders())
        finally:
            there.close()
        emulator = web.emulator.geturl()
        if "json" in headers.get("Content-Type", ""):
            content = content.replace(emulator.encode(), web.storage_url.encode())
        if "Location" in headers:
            headers["Location"] = headers["Location"].replace(emulator, web.storage_url)
        return answer.status, headers, content

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _go  # noqa: N815


class _Token(_Handler):
    def do_POST(self) -> None:
        from google.auth import jwt

        asked, desk = parse_qs(self.body().decode()), self.server.web.desk
        rule = desk.pick("token", "")
        if rule:
            self._refuse(*TOKEN_FAULTS[rule.fault])
            return
        if "assertion" in asked:
            try:
                claims = jwt.decode(asked["assertion"][0], desk.public_key, audience=AUDIENCE)
            except ValueError:
                self._refuse(400, "invalid_grant", "Invalid JWT Signature.")
                return
            who = str(claims["iss"])
        elif (refresh_token := (asked.get("refresh_token") or [""])[0]) != "good":
            rapt = refresh_token == "rapt"
            words = "reauth related error (invalid_rapt)" if rapt else "Token has been revoked."
            more = {"error_subtype": "invalid_rapt"} if rapt else {}
            self._refuse(400, "invalid_grant", words, **more)
            return
        else:
            who = PERSON
        desk.came("token", "POST")["answer"] = "ok"
        scope = "https://www.googleapis.com/auth/cloud-platform"
        token = {"access_token": desk.new_token(who), "expires_in": desk.expires_in}
        self.tell(200, {**token, "token_type": "Bearer", "scope": scope})

    def _refuse(self, status: int, error: str, words: str, **more: str) -> None:
        self.server.web.desk.came("token", "POST")["answer"] = error
        self.tell(status, {"error": error, "error_description": words, **more})
