"""An OpenID Connect provider on loopback: signs whoever `login` says in, and can misbehave."""

import base64
import contextlib
import hashlib
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

CLIENT = "telltale"


@dataclass
class FakeIssuer:
    """`claims` are added to the ID token, over the proper ones; `sign` makes it another way."""

    url: str = ""
    login: str = ""
    claims: dict = field(default_factory=dict)
    sign: object = None
    codes: dict = field(default_factory=dict)

    def __post_init__(self):
        self.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    def app(self):
        routes = [
            Route("/.well-known/openid-configuration", self.describe),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/keys", self.keys),
        ]
        return Starlette(routes=routes)

    def describe(self, _request):
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
        places["jwks_uri"] = "keys"
        return JSONResponse(
            {"issuer": self.url, **{name: f"{self.url}/{at}" for name, at in places.items()}}
        )

    def authorize(self, request):
        query = request.query_params
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = dict(query)
        back = urlencode({"code": code, "state": query["state"]})
        return RedirectResponse(f"{query['redirect_uri']}?{back}")

    async def token(self, request):
        form = await request.form()
        asked = self.codes.pop(str(form["code"]), None)
        hashed = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
        sound = asked and challenge == asked["code_challenge"]
        if not sound or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": self.login,
            "email_verified": True,
            **self.claims,
        }
        signed = (self.sign or self.signed)({k: v for k, v in claims.items() if v is not None})
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": signed})

    def signed(self, claims):
        return jwt.encode(claims, self.key, "RS256", headers={"kid": "one"})

    def keys(self, _request):
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]})


@contextlib.contextmanager
def fake_issuer():
    issuer = FakeIssuer()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        issuer.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(issuer.app(), log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield issuer
        finally:
            server.should_exit = True
            thread.join(10)
