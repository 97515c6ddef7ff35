"""People come in: by password, with a lock; by an identity provider; and out again."""

import contextlib
import re

import httpx
import jwt
import pytest

from app.access.people import Desk
from app.settings import OidcSettings
from infra.access.sessions import Sessions
from infra.store import ClickHouseStore
from tests.app.fake_issuer import CLIENT, fake_issuer
from tests.app.guarded import by, guarded
from tests.app.serving import serve

pytestmark = pytest.mark.stack
PASSWORD = "correct horse battery"


class Hall:
    def __init__(self, url, settings, issuer):
        self.url, self.settings, self.issuer = url, settings, issuer
        self.store = ClickHouseStore(settings.store()).clickhouse
        self.desk = Desk(self.store)

    def person(self, login, role="fleet_manager", password=PASSWORD, tenant="default"):
        self.desk.new_user(by(tenant), login, "", role, password)
        return login

    def browser(self):
        return httpx.Client(
            base_url=self.url, headers={"Accept": "text/html", "Origin": self.url}, timeout=30
        )

    @contextlib.contextmanager
    def signed_in(self, login):
        with self.browser() as browser:
            answer = sign_in(browser, login)
            assert answer.status_code == 303, answer.text
            yield browser


@pytest.fixture(scope="module")
def hall(stack):
    with fake_issuer() as issuer:
        settings = guarded(stack.fresh())
        provider = OidcSettings(issuer=issuer.url, client_id=CLIENT)
        settings = settings.model_copy(update={"oidc": provider})
        with serve(settings) as url:
            yield Hall(url, settings, issuer)


def sign_in(browser, login, password=PASSWORD, back="/figures"):
    form = {"login": login, "password": password, "next": back}
    return browser.post("/sign-in", data=form)


def csrf(browser):
    page = browser.get("/").text
    return re.search(r'data-csrf="(\w+)"', page)[1]


def me(browser):
    return browser.get("/api/me", headers={"Accept": "application/json"})


def test_a_password_opens_and_sign_out_closes(hall):
    login = hall.person("ana@example.org")
    with hall.browser() as browser:
        assert browser.get("/figures").headers["location"] == "/sign-in?next=%2Ffigures"
        page = browser.get("/sign-in", params={"next": "/figures"})
        assert 'name="password"' in page.text
        answer = sign_in(browser, "Ana@Example.org ")
        assert (answer.status_code, answer.headers["location"]) == (303, "/figures")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert me(browser).json() == {
            "tenant": "default",
            "role": "fleet_manager",
            "name": login,
            "open": False,
        }
        kept = browser.cookies["telltale_session"]
        assert browser.post("/sign-out", data={"csrf": csrf(browser)}).status_code == 303
        assert me(browser).status_code == 401
    with httpx.Client(base_url=hall.url, cookies={"telltale_session": kept}) as thief:
        assert thief.get("/api/me").status_code == 401, "the cookie is worth nothing any more"


def test_the_store_holds_no_secret(hall):
    with hall.signed_in(hall.person("secret@example.org")) as browser:
        assert me(browser).status_code == 200
    for table in ("access_users", "access_sessions", "access_failures", "access_keys", "audit"):
        rows = str(hall.store.rows(f"SELECT * FROM {table}"))
        assert PASSWORD not in rows
    assert "$argon2id$" in str(hall.store.rows("SELECT password FROM access_users"))


def test_a_change_needs_the_sessions_token(hall):
    with hall.signed_in(hall.person("desk@example.org", "service_desk")) as browser:
        token = csrf(browser)
        place = "/api/alerts/nothing/acknowledge"
        for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}):
            answer = browser.post(place, json={}, headers=headers)
            assert answer.status_code == 403, headers
        assert browser.post(place, json={}, headers={"X-CSRF-Token": token}).status_code == 404
        form = {"theme": "dark", "back": "/"}
        assert browser.post("/display", data=form).status_code == 403
        assert browser.post("/display", data={**form, "csrf": "0" * 64}).status_code == 403
        files = {"csrf": (None, "0" * 64), "theme": (None, "dark")}
        assert browser.post("/display", files=files).status_code == 403
        assert browser.post("/display", data={**form, "csrf": token}).status_code == 303
    with hall.signed_in(hall.person("other@example.org", "service_desk")) as other:
        answer = other.post(place, json={}, headers={"X-CSRF-Token": token})
        assert answer.status_code == 403, "another session's token"


def test_guessing_locks_the_login_even_for_the_right_password(hall):
    login = hall.person("guessed@example.org")
    with hall.browser() as browser:
        answers = [sign_in(browser, login, f"wrong password {n}") for n in range(5)]
        assert {one.status_code for one in answers} == {401}
        locked = sign_in(browser, login)
        assert locked.status_code == 429
        assert 0 < int(locked.headers["retry-after"]) <= 900
    calm = hall.person("calm@example.org")
    with hall.signed_in(calm) as browser:
        assert me(browser).status_code == 200, "others come in as before"


def test_an_unknown_login_is_answered_as_a_wrong_password(hall):
    login = hall.person("known@example.org")
    with hall.browser() as browser:
        wrong = sign_in(browser, login, "wrong password")
        unknown = sign_in(browser, "nobody@example.org", "wrong password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(login, "") == unknown.text.replace("nobody@example.org", "")


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site(hall, back):
    login = hall.person(f"back{hash(back) % 10**6}@example.org")
    with hall.browser() as browser:
        answer = sign_in(browser, login, back=back)
        assert answer.headers["location"] == "/"


def test_a_page_of_another_site_cant_sign_anyone_in(hall):
    login = hall.person("lured@example.org")
    with hall.browser() as browser:
        form = {"login": login, "password": PASSWORD}
        answer = browser.post("/sign-in", data=form, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403


def test_a_disabled_person_and_a_new_password_end_sessions(hall):
    login = hall.person("leaver@example.org")
    with hall.signed_in(login) as browser:
        token = browser.cookies["telltale_session"]
        hall.desk.change_user(by("default"), login, disabled=True)
        # Another process, which has not looked the session up a moment ago.
        with serve(hall.settings) as url, httpx.Client(base_url=url) as fresh:
            fresh.cookies.set("telltale_session", token)
            assert fresh.get("/api/me").status_code == 401
        with hall.browser() as again:
            assert sign_in(again, login).status_code == 401
        hall.desk.change_user(by("default"), login, disabled=False, password="another long one")
        with serve(hall.settings) as url, httpx.Client(base_url=url) as fresh:
            fresh.cookies.set("telltale_session", token)
            assert fresh.get("/api/me").status_code == 401, "it began before the change"


def test_a_session_ends_by_itself(hall):
    hours = hall.settings.api.model_copy(update={"session_hours": 1e-9})
    brief = hall.settings.model_copy(update={"api": hours})
    login = hall.person("brief@example.org")
    with (
        serve(brief) as url,
        httpx.Client(base_url=url, headers={"Origin": url}, timeout=30) as browser,
    ):
        token = re.search(r"session=(\S+?);", sign_in(browser, login).headers["set-cookie"])[1]
        assert Sessions(hall.store).find(token) is not None
        browser.cookies.set("telltale_session", token)
        assert browser.get("/api/me").status_code == 401


def test_over_https_the_cookie_stays_with_this_host(hall):
    api = hall.settings.api.model_copy(update={"public_url": "https://fleet.example/"})
    login = hall.person("secure@example.org")
    with serve(hall.settings.model_copy(update={"api": api})) as url:
        headers = {"Host": "fleet.example", "Origin": "https://fleet.example"}
        form = {"login": login, "password": PASSWORD}
        answer = httpx.post(f"{url}/sign-in", data=form, headers=headers, timeout=30)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-telltale_session=")
        assert "Secure" in cookie
        assert "Path=/;" in cookie
        assert "Domain" not in cookie
        token = re.search(r"session=(\S+?);", cookie)[1]
        known = httpx.get(
            f"{url}/api/me", cookies={"__Host-telltale_session": token}, headers=headers
        )
        assert known.json()["name"] == login


def test_a_part_of_a_page_leads_the_whole_page_to_the_form(hall):
    headers = {"HX-Request": "true", "HX-Current-URL": f"{hall.url}/figures?x=1"}
    answer = httpx.get(f"{hall.url}/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Ffigures"


def through_provider(hall, browser):
    """All the way to the provider and back; the answer to the callback."""
    away = browser.get("/sign-in/provider", params={"next": "/figures"})
    assert away.status_code == 303
    assert away.headers["location"].startswith(f"{hall.issuer.url}/authorize?")
    back = httpx.get(away.headers["location"]).headers["location"]
    return browser.get(back)


def test_a_provider_vouches_for_a_person_that_was_added(hall):
    hall.issuer.login = hall.person("Vouched@example.org", "data_scientist", None)
    with hall.browser() as browser:
        assert "/sign-in/provider?next=%2Ffigures" in browser.get("/sign-in?next=/figures").text
        answer = through_provider(hall, browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/figures")
        assert me(browser).json()["role"] == "data_scientist"
        assert "telltale_journey" not in browser.cookies
    with hall.browser() as browser:
        assert sign_in(browser, "vouched@example.org", "").status_code == 401


def test_a_person_that_nobody_added_stays_outside(hall):
    hall.issuer.login = "stranger@example.org"
    with hall.browser() as browser:
        answer = through_provider(hall, browser)
        assert answer.status_code == 401
        assert "nobody has let you in" in answer.text
        assert me(browser).status_code == 401


SHARED = "a-secret-that-both-know-and-that-is-long-enough"


@pytest.mark.parametrize(
    "change",
    [
        {"claims": {"aud": "another"}},
        {"claims": {"iss": "http://evil.example"}},
        {"claims": {"exp": 1}},
        {"claims": {"exp": None}},
        {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}},
        {"claims": {"email_verified": False}},
        {"claims": {"email": None}},
        {"claims": {"email": 5}},
        {"sign": lambda claims: jwt.encode(claims, None, "none")},
        {"sign": lambda claims: jwt.encode(claims, SHARED, "HS256", {"kid": "one"})},
        {"sign": lambda _: "not.a.token"},
    ],
)
def test_a_provider_that_proves_nothing_opens_nothing(hall, monkeypatch, change):
    if "vouched@example.org" not in [user.login for user in hall.desk._users.of("default")]:
        hall.person("vouched@example.org", "data_scientist", None)
    monkeypatch.setattr(hall.issuer, "login", "vouched@example.org")
    for name, value in change.items():
        monkeypatch.setattr(hall.issuer, name, value)
    with hall.browser() as browser:
        assert through_provider(hall, browser).status_code == 401
        assert me(browser).status_code == 401


def test_a_stolen_or_foreign_answer_of_the_provider_opens_nothing(hall, monkeypatch):
    monkeypatch.setattr(hall.issuer, "login", "vouched@example.org")
    with hall.browser() as victim, hall.browser() as thief:
        away = victim.get("/sign-in/provider")
        back = httpx.get(away.headers["location"]).headers["location"]
        assert thief.get(back).status_code == 401, "without the browser's own cookie"
        thief.get("/sign-in/provider")
        assert thief.get(back).status_code == 401, "with another journey's cookie"
        for address in ("/sign-in/callback", "/sign-in/callback?code=x&state=y"):
            assert victim.get(address).status_code == 401


def test_a_provider_that_is_away_is_said_so(hall):
    away = OidcSettings(issuer="http://127.0.0.1:9", client_id=CLIENT)
    with serve(hall.settings.model_copy(update={"oidc": away})) as url:
        answer = httpx.get(f"{url}/sign-in/provider", timeout=30)
        assert answer.status_code == 503
        assert "TELLTALE_OIDC__ISSUER" in answer.text
