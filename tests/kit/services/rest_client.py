"""Plain HTTP to an engine, for tests."""

from __future__ import annotations

import base64
from typing import Any

import requests

from tests.kit.services.engine_process import EngineProcess

LABELS = [{"type": "LABEL_DETECTION"}]


class Rest:
    """Plain HTTP to one engine."""

    def __init__(self, engine: EngineProcess) -> None:
        self.engine = engine
        self.base = engine.facts()["rest_address"] + "/v1/"
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        """The answer, which is JSON whatever it is."""
        response = self.session.request(method, self.base + path, timeout=60, **how)
        assert response.headers["content-type"] == "application/json; charset=UTF-8"
        assert response.headers["x-content-type-options"] == "nosniff"
        return response

    def ok(self, method: str, path: str, **how: Any) -> Any:
        """The answer of a call that goes well."""
        response = self.call(method, path, **how)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, message: Any) -> Any:
        """The answer to a request that goes well."""
        return self.ok("POST", path, json=message)

    def refusal(self, method: str, path: str, **how: Any) -> tuple[int, str, str]:
        """HTTP status, name of the code, message."""
        response = self.call(method, path, **how)
        body = response.json()
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "message", "status", "details"}
        assert body["error"]["code"] == response.status_code
        return response.status_code, body["error"]["status"], body["error"]["message"]


def text_of(data: bytes) -> str:
    """In base64."""
    return base64.b64encode(data).decode()


def inline(data: bytes, features: Any = None) -> dict[str, Any]:
    """A request that carries its picture."""
    one = {"image": {"content": text_of(data)}, "features": features or LABELS}
    return {"requests": [one]}


def offline(uris: list[str], prefix: str) -> dict[str, Any]:
    """A batch."""
    return {
        "requests": [{"image": {"source": {"imageUri": uri}}, "features": LABELS} for uri in uris],
        "outputConfig": {"gcsDestination": {"uri": prefix}, "batchSize": 2},
    }
