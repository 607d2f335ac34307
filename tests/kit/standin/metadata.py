"""The metadata server of a machine in Google's cloud: credentials without a key file.

What it answers: cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.kit.standin.desk import ACCOUNT, OWN, Desk

_ROOT = "/computeMetadata/v1"
_ACCOUNT = f"{_ROOT}/instance/service-accounts"


class Metadata:
    """The server; ``address`` is its host and port, without TLS as the real one."""

    def __init__(self, desk: Desk) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.desk = desk
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    desk: Desk


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """The desk keeps the log."""

    def do_GET(self) -> None:
        path, desk = self.path.partition("?")[0].rstrip("/"), self.server.desk
        line = desk.came("metadata", path)
        rule = desk.pick("metadata", path)
        if self.headers.get("Metadata-Flavor") != "Google":
            line["answer"] = "403"
            self._say(403, b"")
            return
        if rule is not None:
            line["answer"] = rule.fault
            self._say(503, b"")
            return
        answers: dict[str, object] = {
            "": "",
            f"{_ROOT}/project/project-id": OWN,
            f"{_ROOT}/universe/universe-domain": "googleapis.com",
        }
        for name in ("default", ACCOUNT):
            info = {"aliases": ["default"], "email": ACCOUNT, "scopes": []}
            answers[f"{_ACCOUNT}/{name}"] = info
            if path == f"{_ACCOUNT}/{name}/token":
                token = {"access_token": desk.new_token(ACCOUNT), "token_type": "Bearer"}
                answers[path] = {**token, "expires_in": desk.expires_in}
        answer = answers.get(path)
        line["answer"] = "404" if answer is None else "200"
        plain = isinstance(answer, str)
        data = str(answer).encode() if plain else json.dumps(answer).encode()
        self._say(404 if answer is None else 200, data, "text/plain" if plain else "")

    def _say(self, status: int, data: bytes, kind: str = "") -> None:
        self.send_response(status)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
