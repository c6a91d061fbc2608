"""Gateway Authorizer's handlers: tokens minted and verified, keys rotated, and the twin's check in every function."""

import base64
import hashlib
import hmac
import json
import time
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler_tests import LambdaContext, LoadHandler, LogLines

FUNCTIONS = "gateway-authorizer/functions"
KID, KEY = "version-1", b"a-key-of-the-tests"
STAGE = "arn:aws:execute-api:us-east-1:000000000000:api1234567/live"
TRACE = "Root=1-65000000-000000000000000000000001"
BOTH = ["prices:read", "quotes:write"]


class Secrets:
    """The part of Secrets Manager's client that the functions use: versions of one secret, by their stage."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self) -> None:
        self.versions = {"AWSCURRENT": (KID, KEY.decode())}
        self.reads = 0
        self.away = False

    def get_secret_value(self, SecretId: str, VersionStage: str = "AWSCURRENT") -> dict[str, str]:
        self.reads += 1
        if self.away:
            raise ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue")
        if VersionStage not in self.versions:
            raise self.exceptions.ResourceNotFoundException
        kid, key = self.versions[VersionStage]
        return {"VersionId": kid, "SecretString": key}

    def rotate(self, kid: str, key: str) -> None:
        self.versions = {"AWSCURRENT": (kid, key), "AWSPREVIOUS": self.versions["AWSCURRENT"]}


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def tokens(load_handler: LoadHandler, secrets: Secrets) -> ModuleType:
    module = load_handler(f"{FUNCTIONS}/tokens/app.py", SIGNING_KEY="signing-key")
    module.secrets = secrets  # type: ignore[attr-defined]
    return module


@pytest.fixture
def authorizer(load_handler: LoadHandler, secrets: Secrets) -> ModuleType:
    variables = {"SIGNING_KEY": "signing-key", "POLICY_SCOPE": "whole-token", "REVOKED": ""}
    module = load_handler(f"{FUNCTIONS}/authorizer/app.py", **variables)
    module.secrets = secrets  # type: ignore[attr-defined]
    return module


def mint(tokens: ModuleType, scopes: list[str] = BOTH, *, expires_in: int = 60) -> str:
    body = json.dumps({"sub": "ada", "scopes": scopes, "expires_in": expires_in})
    answer = tokens.handler({"headers": {}, "body": body}, LambdaContext())
    assert answer["statusCode"] == 200
    token: str = json.loads(answer["body"])["access_token"]
    return token


def call(authorization: str, method: str = "GET/prices") -> dict[str, Any]:
    headers = {"authorization": authorization, "x-amzn-trace-id": TRACE}
    return {"type": "REQUEST", "methodArn": f"{STAGE}/{method}", "headers": headers}


def statement(answer: dict[str, Any]) -> dict[str, Any]:
    (only,) = answer["policyDocument"]["Statement"]
    assert only["Action"] == "execute-api:Invoke"
    found: dict[str, Any] = only
    return found


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class TestTokens:
    def test_a_token_is_a_signed_jwt_with_the_claims_that_were_asked_for(self, tokens: ModuleType) -> None:
        header, payload, signature = mint(tokens).split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        assert (claims["sub"], claims["scope"]) == ("ada", "prices:read quotes:write")
        assert claims["exp"] - claims["iat"] == 60
        digest = hmac.digest(KEY, f"{header}.{payload}".encode(), hashlib.sha256)
        assert signature == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def test_two_tokens_for_the_same_request_are_different(self, tokens: ModuleType) -> None:
        assert mint(tokens) != mint(tokens)

    @pytest.mark.parametrize(
        "body",
        [
            None,
            "",
            "{",
            "[]",
            "null",
            "{}",
            '{"sub": "", "scopes": [], "expires_in": 60}',
            '{"sub": "ada", "scopes": "prices:read", "expires_in": 60}',
            '{"sub": "ada", "scopes": ["admin"], "expires_in": 60}',
            '{"sub": "ada", "scopes": [["prices:read"]], "expires_in": 60}',
            '{"sub": "ada", "scopes": [], "expires_in": 0}',
            '{"sub": "ada", "scopes": [], "expires_in": 3601}',
            '{"sub": "ada", "scopes": [], "expires_in": true}',
            r'{"sub": "\ud83d", "scopes": [], "expires_in": 60}',
            '{"sub": "ada\\n", "scopes": [], "expires_in": 60}',
            "[" * 100_000,
        ],
    )
    def test_a_request_that_cannot_be_read_is_a_400(self, tokens: ModuleType, body: str | None) -> None:
        answer = tokens.handler({"headers": {}, "body": body}, LambdaContext())
        assert answer["statusCode"] == 400
        assert json.loads(answer["body"])["title"]


class TestAuthorizer:
    def test_a_good_token_opens_all_its_methods_whichever_it_came_with(
        self, authorizer: ModuleType, tokens: ModuleType, log_lines: LogLines
    ) -> None:
        token = mint(tokens)
        log_lines()
        answer = authorizer.handler(call(f"Bearer {token}", "POST/quotes"), LambdaContext())
        assert statement(answer)["Effect"] == "Allow"
        assert statement(answer)["Resource"] == [f"{STAGE}/GET/prices", f"{STAGE}/POST/quotes"]
        assert answer["principalId"] == "ada"
        assert answer["context"] == {"scope": "prices:read quotes:write"}
        line = log_lines()[-1]
        assert (line["step"], line["trace"], line["sub"]) == ("token.accepted", TRACE, "ada")

    def test_a_token_with_fewer_scopes_opens_fewer_methods(self, authorizer: ModuleType, tokens: ModuleType) -> None:
        answer = authorizer.handler(call(f"Bearer {mint(tokens, ['prices:read'])}"), LambdaContext())
        assert statement(answer)["Resource"] == [f"{STAGE}/GET/prices"]

    def test_a_token_without_scopes_is_denied_everything(self, authorizer: ModuleType, tokens: ModuleType) -> None:
        answer = authorizer.handler(call(f"Bearer {mint(tokens, [])}"), LambdaContext())
        assert (statement(answer)["Effect"], statement(answer)["Resource"]) == ("Deny", [f"{STAGE}/*"])

    def test_the_mistake_of_the_demo_opens_only_the_method_it_came_with(
        self, authorizer: ModuleType, tokens: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POLICY_SCOPE", "one-method")
        answer = authorizer.handler(call(f"Bearer {mint(tokens)}"), LambdaContext())
        assert statement(answer)["Resource"] == [f"{STAGE}/GET/prices"]

    def test_a_forged_signature_is_denied_everything(self, authorizer: ModuleType, tokens: ModuleType) -> None:
        answer = authorizer.handler(call(f"Bearer {mint(tokens)}x"), LambdaContext())
        assert (statement(answer)["Effect"], statement(answer)["Resource"]) == ("Deny", [f"{STAGE}/*"])

    @pytest.mark.parametrize("kid", [{}, {"kid": None}, {"kid": ["version-1"]}])
    def test_a_token_that_names_no_key_is_denied_everything(self, authorizer: ModuleType, kid: dict[str, Any]) -> None:
        answer = authorizer.handler(call(f"Bearer {encoded({'alg': 'HS256', **kid})}.e30.x"), LambdaContext())
        assert (statement(answer)["Effect"], statement(answer)["Resource"]) == ("Deny", [f"{STAGE}/*"])

    def test_changed_claims_under_an_old_signature_are_denied(self, authorizer: ModuleType, tokens: ModuleType) -> None:
        header, _, signature = mint(tokens, ["prices:read"]).split(".")
        claims = {"sub": "eve", "scope": "quotes:write", "exp": int(time.time()) + 60}
        answer = authorizer.handler(call(f"Bearer {header}.{encoded(claims)}.{signature}"), LambdaContext())
        assert statement(answer)["Effect"] == "Deny"

    @pytest.mark.parametrize("algorithm", ["none", "HS512", "RS256", None])
    def test_a_token_that_names_another_algorithm_is_none_of_ours(
        self, authorizer: ModuleType, algorithm: str | None
    ) -> None:
        claims = {"sub": "eve", "scope": "prices:read", "exp": int(time.time()) + 60}
        token = f"{encoded({'alg': algorithm, 'kid': KID})}.{encoded(claims)}."
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(call(f"Bearer {token}"), LambdaContext())

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Bearer",
            "Bearer ",
            "Basic YWRhOmFkYQ==",
            "Bearer let-me-in",
            "Bearer a.b",
            "Bearer ä.ö.ü",
            "Bearer W10.e30.x",
            "Bearer bnVsbA.e30.x",
            "Bearer =.=.=",
            "Bearer ....",
            "Bearer a.b.c.d",
            f"Bearer {encoded({'alg': 'HS256', 'kid': 'another'})}.e30.x",
            f"Bearer {base64.urlsafe_b64encode(b'[' * 3000).decode()}.e30.x",
            f"Bearer {encoded({'alg': 'HS256', 'kid': KID})}.{'e' * 4096}.x",
        ],
    )
    def test_what_is_no_token_raises_the_text_that_the_gateway_answers_with_401(
        self, authorizer: ModuleType, authorization: str, log_lines: LogLines
    ) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(call(authorization), LambdaContext())
        assert log_lines()[-1]["why"] == "malformed"

    def test_an_expired_token_raises_the_same_and_says_why_in_the_log(
        self, authorizer: ModuleType, tokens: ModuleType, log_lines: LogLines
    ) -> None:
        claims = {"sub": "ada", "scope": "prices:read", "exp": int(time.time()) - 1}
        token = tokens.sign(claims, KID, KEY)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(call(f"Bearer {token}"), LambdaContext())
        assert log_lines()[-1]["why"] == "expired"

    def test_a_token_is_good_until_the_second_of_its_expiry(self, authorizer: ModuleType, tokens: ModuleType) -> None:
        token = tokens.sign({"sub": "ada", "scope": "", "exp": 1000}, KID, KEY)
        assert authorizer.verify(token, 999.9)["sub"] == "ada"
        with pytest.raises(authorizer.Expired):
            authorizer.verify(token, 1000)

    @pytest.mark.parametrize(
        "claims",
        [
            {},
            {"sub": "ada", "scope": ""},
            {"sub": "ada", "exp": 9e9},
            {"scope": "", "exp": 9e9},
            {"sub": 7, "scope": "", "exp": 9e9},
            {"sub": "ada", "scope": ["prices:read"], "exp": 9e9},
            {"sub": "ada", "scope": "", "exp": True},
            {"sub": "ada", "scope": "", "exp": "9"},
        ],
    )
    def test_claims_of_another_shape_are_a_401_and_no_500(
        self, authorizer: ModuleType, tokens: ModuleType, claims: dict[str, Any]
    ) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(call(f"Bearer {tokens.sign(claims, KID, KEY)}"), LambdaContext())

    def test_a_revoked_subject_is_refused_and_others_are_not(
        self, authorizer: ModuleType, tokens: ModuleType, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
    ) -> None:
        token = mint(tokens)
        monkeypatch.setenv("REVOKED", "grace,ada")
        log_lines()
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(call(f"Bearer {token}"), LambdaContext())
        assert log_lines()[-1]["why"] == "revoked"
        monkeypatch.setenv("REVOKED", "grace")
        assert statement(authorizer.handler(call(f"Bearer {token}"), LambdaContext()))["Effect"] == "Allow"

    def test_header_names_are_read_in_the_clients_case(self, authorizer: ModuleType, tokens: ModuleType) -> None:
        for name in ("authorization", "Authorization", "AUTHORIZATION"):
            event = {"methodArn": f"{STAGE}/GET/prices", "headers": {name: f"bearer {mint(tokens)}"}}
            assert statement(authorizer.handler(event, LambdaContext()))["Effect"] == "Allow"


class TestKeys:
    """How a changed key reaches functions that are warm."""

    def test_a_token_of_a_new_key_has_the_keys_read_again(
        self, authorizer: ModuleType, tokens: ModuleType, secrets: Secrets
    ) -> None:
        old = mint(tokens)
        now = time.time()
        authorizer.verify(old, now)
        secrets.rotate("version-2", "another-key")
        new = tokens.sign({"sub": "ada", "scope": "", "exp": now + 60}, "version-2", b"another-key")
        assert authorizer.verify(new, now + 11)["sub"] == "ada"
        assert authorizer.verify(old, now + 11)["sub"] == "ada"  # the previous key is in force until the next rotation

    def test_a_key_that_is_taken_away_is_refused_after_five_minutes_at_most(
        self, authorizer: ModuleType, tokens: ModuleType, secrets: Secrets
    ) -> None:
        token, now = mint(tokens, expires_in=3600), time.time()
        authorizer.verify(token, now)
        secrets.rotate("version-2", "another-key")
        secrets.rotate("version-3", "a-third-key")
        assert authorizer.verify(token, now + 300)["sub"] == "ada"
        with pytest.raises(authorizer.Malformed):
            authorizer.verify(token, now + 301)

    def test_forgeries_that_name_unknown_keys_cost_one_read_in_ten_seconds(
        self, authorizer: ModuleType, secrets: Secrets
    ) -> None:
        now = time.time()
        for number in range(20):
            with pytest.raises(authorizer.Malformed):
                authorizer.verify(f"{encoded({'alg': 'HS256', 'kid': str(number)})}.e30.x", now + number / 2)
        assert secrets.reads == 2  # both stages, once

    def test_keys_in_memory_stay_good_while_secrets_manager_is_away(
        self, authorizer: ModuleType, tokens: ModuleType, secrets: Secrets
    ) -> None:
        token, now = mint(tokens, expires_in=3600), time.time()
        secrets.away = True
        with pytest.raises(ClientError):
            authorizer.verify(token, now)
        secrets.away = False
        authorizer.verify(token, now + 1)
        secrets.away = True
        assert authorizer.verify(token, now + 400)["sub"] == "ada"

    def test_the_issuer_signs_with_the_new_key_five_minutes_later_at_most(
        self, tokens: ModuleType, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert tokens.signing_key()[0] == KID
        secrets.rotate("version-2", "another-key")
        assert tokens.signing_key()[0] == KID
        later = time.time() + 301
        monkeypatch.setattr(tokens.time, "time", lambda: later)
        assert tokens.signing_key()[0] == "version-2"


def admitted(body: str | None = None) -> dict[str, Any]:
    """A request as the gateway passes it on once the authorizer has let it in."""
    context = {"authorizer": {"principalId": "ada", "scope": "prices:read"}}
    return {"headers": {"X-Amzn-Trace-Id": TRACE}, "requestContext": context, "body": body}


class TestBackend:
    def test_prices_are_read_out_to_the_caller_that_the_gateway_names(
        self, load_handler: LoadHandler, log_lines: LogLines
    ) -> None:
        answer = load_handler(f"{FUNCTIONS}/prices/app.py").handler(admitted(), LambdaContext())
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["for"] == "ada"
        assert log_lines()[0]["trace"] == TRACE

    def test_a_quote_is_the_unit_price_times_the_quantity(self, load_handler: LoadHandler) -> None:
        quotes = load_handler(f"{FUNCTIONS}/quotes/app.py")
        answer = quotes.handler(admitted('{"item": "poster-a2", "quantity": 20}'), LambdaContext())
        assert answer["statusCode"] == 200
        wanted = {"quoted_for": "ada", "item": "poster-a2", "quantity": 20, "total_cents": 29000}
        assert json.loads(answer["body"]) == wanted

    @pytest.mark.parametrize(
        "body",
        [
            None,
            "{",
            "[]",
            "{}",
            '{"item": "mug", "quantity": 1}',
            '{"item": ["poster-a2"], "quantity": 1}',
            '{"item": "poster-a2", "quantity": 0}',
            '{"item": "poster-a2", "quantity": 1.5}',
            '{"item": "poster-a2", "quantity": true}',
        ],
    )
    def test_a_quote_for_what_is_not_sold_is_a_400(self, load_handler: LoadHandler, body: str | None) -> None:
        answer = load_handler(f"{FUNCTIONS}/quotes/app.py").handler(admitted(body), LambdaContext())
        assert answer["statusCode"] == 400


class TestNaiveTwin:
    @pytest.fixture
    def prices(self, load_handler: LoadHandler, secrets: Secrets) -> ModuleType:
        return self.with_secrets(load_handler(f"{FUNCTIONS}/naive/prices.py", SIGNING_KEY="signing-key"), secrets)

    @pytest.fixture
    def quotes(self, load_handler: LoadHandler, secrets: Secrets) -> ModuleType:
        return self.with_secrets(load_handler(f"{FUNCTIONS}/naive/quotes.py", SIGNING_KEY="signing-key"), secrets)

    def with_secrets(self, module: ModuleType, secrets: Secrets) -> ModuleType:
        vars(module)["caller"].__globals__["secrets"] = secrets
        return module

    def status(self, function: ModuleType, token: str | None) -> int:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        event = {"headers": headers, "body": '{"item": "poster-a2", "quantity": 1}'}
        answer: dict[str, Any] = function.handler(event, LambdaContext())
        return int(answer["statusCode"])

    def test_both_functions_check_the_token_themselves_and_correctly(
        self, prices: ModuleType, quotes: ModuleType, tokens: ModuleType
    ) -> None:
        good, poor = mint(tokens), mint(tokens, [])
        scope = "prices:read quotes:write"
        expired = tokens.sign({"sub": "ada", "scope": scope, "exp": int(time.time()) - 1}, KID, KEY)
        deep = base64.urlsafe_b64encode(b"[" * 3000).decode()
        for function in (prices, quotes):
            assert self.status(function, good) == 200
            assert self.status(function, poor) == 403
            for bad in (None, "", "let-me-in", f"{good}x", "W10.e30.x", "ä.ö.ü", expired, f"{deep}.e30.x"):
                assert self.status(function, bad) == 401

    def test_each_of_them_reads_the_key_that_could_also_sign(
        self, prices: ModuleType, quotes: ModuleType, tokens: ModuleType, log_lines: LogLines
    ) -> None:
        good = mint(tokens)
        log_lines()
        for function in (prices, quotes, prices, quotes):
            self.status(function, good)
        assert [line["step"] for line in log_lines()].count("keys.read") == 2
