"""A small OpenID Connect provider for tests: two people, who sign in by choosing themselves."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.kit.web.browser import free_port

CLIENT, SECRET = "contact-sheet", "only for tests"
# The dashboard's own, for Streamlit.
SECRETS = """
[auth]
redirect_uri = "{url}/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
"""
PEOPLE = {"ada": "Ada *Lovelace*", "bob": "Bob"}


class Provider:
    """Answers discovery, authorization, token and keys on loopback."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._key = RSAKey.generate_key(2048, parameters={"kid": "1", "alg": "RS256"})
        self._codes: dict[str, tuple[str, str]] = {}  # code -> who, nonce
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._about),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _about(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        who = asked.get("who", "")
        if who not in PEOPLE:
            links = [f'<a href="?{urlencode({**asked, "who": one})}">{one}</a>' for one in PEOPLE]
            return HTMLResponse(" ".join(links))
        code = secrets.token_urlsafe()
        self._codes[code] = (who, asked["nonce"])
        answer = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        who, nonce = self._codes.pop(str(form["code"]))
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": f"id-{who}",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 600,
            "nonce": nonce,
            "name": PEOPLE[who],
            "email": f"{who}@example.org",
            "email_verified": True,
        }
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self._key)
        body = {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token}
        return JSONResponse(body)

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})


@contextmanager
def provider() -> Iterator[Provider]:
    """Run one in a thread."""
    port = free_port()
    running = Provider(port)
    server = uvicorn.Server(
        uvicorn.Config(running.app, host="127.0.0.1", port=port, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield running
    server.should_exit = True
    thread.join(10)
