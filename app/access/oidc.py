"""Signing in at an identity provider: OpenID Connect, authorization code with PKCE (RFC 7636).

https://openid.net/specs/openid-connect-core-1_0.html
"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import msgspec

from app.settings import OidcSettings
from contracts.errors import UnavailableError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures by a key that only the provider has; a shared secret or none is never taken."""
_TIMEOUT_S = 10.0
_LEEWAY_S = 60
_KEPT_S = 600.0


class NotVouchedError(Exception):
    """The provider's answer proves nothing; the text says why."""


class Journey(msgspec.Struct, frozen=True):
    """What the browser keeps while it is at the provider, to prove that it is the same one."""

    state: str
    nonce: str
    verifier: str
    back: str


class _Provider(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Oidc:
    """One provider, by setting. What it says of itself is asked again every ten minutes."""

    def __init__(self, settings: OidcSettings, client: httpx.Client | None = None) -> None:
        self._settings = settings
        self._client = client or httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)
        self._provider: tuple[float, _Provider] | None = None
        self._keys: tuple[float, jwt.PyJWKSet] | None = None

    def depart(self, redirect_uri: str, back: str) -> tuple[str, Journey]:
        """Where to send the browser, and what it has to keep. Raises UnavailableError."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        journey = Journey(state, nonce, verifier, back)
        hashed = hashlib.sha256(journey.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._settings.scopes,
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": base64.urlsafe_b64encode(hashed).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        address = self._discover().authorization_endpoint
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", journey

    def arrive(self, code: str, state: str, journey: Journey, redirect_uri: str) -> str:
        """The login that the provider vouches for. Raises NotVouchedError, UnavailableError."""
        if not secrets.compare_digest(state.encode(), journey.state.encode()):
            raise NotVouchedError("the answer belongs to another sign-in; start again")
        claims = self._claims(self._redeem(code, journey, redirect_uri), journey.nonce)
        login = claims.get(self._settings.login_claim)
        if not isinstance(login, str) or not login:
            raise NotVouchedError(f"the provider tells no {self._settings.login_claim}")
        if self._settings.login_claim == "email" and claims.get("email_verified") is False:
            raise NotVouchedError("the provider has not verified this e-mail address")
        return login

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _redeem(self, code: str, journey: Journey, redirect_uri: str) -> str:
        """The ID token for the code."""
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": journey.verifier,
        }
        secret = self._settings.client_secret.get_secret_value()
        if secret:
            given["client_secret"] = secret
        answer = self._ask("POST", self._discover().token_endpoint, data=given)
        if answer.status_code != 200:
            raise NotVouchedError(f"the provider refuses the code (HTTP {answer.status_code})")
        token = _object(answer).get("id_token")
        if not isinstance(token, str):
            raise NotVouchedError("the provider gives no ID token; is `openid` among the scopes?")
        return token

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise NotVouchedError(f"the ID token is signed by {header.get('alg')!r}")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(str(header.get("kid", ""))),
                algorithms=list(ALGORITHMS),
                audience=self._settings.client_id,
                issuer=self._discover().issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise NotVouchedError(f"the ID token is not valid: {error}") from None
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotVouchedError("the ID token belongs to another sign-in; start again")
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        """The provider's key of this name; its list is read anew for a name that is unknown."""
        for fresh in (False, True):
            if self._keys is None or fresh or time.monotonic() - self._keys[0] > _KEPT_S:
                answer = self._ask("GET", self._discover().jwks_uri)
                self._keys = time.monotonic(), jwt.PyJWKSet.from_dict(_object(answer))
            keys = self._keys[1].keys
            for key in keys:
                if key.key_id == kid or (not kid and len(keys) == 1):
                    return key
        raise NotVouchedError("the ID token is signed by a key that the provider doesn't list")

    def _discover(self) -> _Provider:
        if self._provider is None or time.monotonic() - self._provider[0] > _KEPT_S:
            issuer = self._settings.issuer
            answer = self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                found = msgspec.convert(_object(answer), _Provider)
            except msgspec.ValidationError as error:
                msg = f"the identity provider {issuer} describes itself badly: {error}"
                raise UnavailableError(msg) from None
            if found.issuer != issuer:
                msg = f"the identity provider calls itself {found.issuer}, not {issuer}"
                raise UnavailableError(f"{msg}; set TELLTALE_OIDC__ISSUER to that")
            self._provider = time.monotonic(), found
        return self._provider[1]

    def _ask(self, method: str, address: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return self._client.request(method, address, **more)
        except httpx.HTTPError as error:
            msg = f"the identity provider {self._settings.issuer} doesn't answer ({error})"
            raise UnavailableError(f"{msg}; see TELLTALE_OIDC__ISSUER") from None


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = f"the identity provider's answer at {answer.url.path} is no JSON object"
        raise UnavailableError(msg)
    return found
