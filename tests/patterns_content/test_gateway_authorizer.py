"""Gateway Authorizer's handlers: tokens minted, tokens judged, and the twin's two copies of the judge."""

import base64
import hashlib
import hmac
import json
import time
from types import ModuleType
from typing import Any

import pytest

from tests.patterns_content.conftest import LambdaContext, LoadHandler, LogLines

FUNCTIONS = "gateway-authorizer/functions"
KEY = b"a-key-of-the-tests"
STAGE = "arn:aws:execute-api:us-east-1:000000000000:api1234567/live"
TRACE = "Root=1-65000000-000000000000000000000001"
BOTH = ["prices:read", "quotes:write"]


def with_key(module: ModuleType) -> ModuleType:
    module.signing_key = lambda: KEY  # type: ignore[attr-defined]
    return module


@pytest.fixture
def tokens(load_handler: LoadHandler) -> ModuleType:
    return with_key(load_handler(f"{FUNCTIONS}/tokens/app.py", SIGNING_KEY="signing-key"))


@pytest.fixture
def authorizer(load_handler: LoadHandler) -> ModuleType:
    return with_key(
        load_handler(f"{FUNCTIONS}/authorizer/app.py", SIGNING_KEY="signing-key", POLICY_SCOPE="whole-token")
    )


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

    def test_two_tokens_for_the_same_wish_are_different(self, tokens: ModuleType) -> None:
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
        ],
    )
    def test_a_wish_that_cannot_be_read_is_a_400(self, tokens: ModuleType, body: str | None) -> None:
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
        (line,) = log_lines()
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
        token = f"{encoded({'alg': algorithm})}.{encoded(claims)}."
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
        ],
    )
    def test_what_is_no_token_raises_the_text_that_the_gateway_answers_with_401(
        self, authorizer: ModuleType, authorization: str, log_lines: LogLines
    ) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(call(authorization), LambdaContext())
        assert log_lines()[0]["why"] == "malformed"

    def test_an_expired_token_raises_the_same_and_says_why_in_the_log(
        self, authorizer: ModuleType, tokens: ModuleType, log_lines: LogLines
    ) -> None:
        claims = {"sub": "ada", "scope": "prices:read", "exp": int(time.time()) - 1}
        token = tokens.sign(claims, KEY)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(call(f"Bearer {token}"), LambdaContext())
        assert log_lines()[0]["why"] == "expired"

    def test_a_token_is_good_until_the_second_of_its_expiry(self, authorizer: ModuleType, tokens: ModuleType) -> None:
        token = tokens.sign({"sub": "ada", "scope": "", "exp": 1000}, KEY)
        assert authorizer.verify(token, KEY, 999.9)["sub"] == "ada"
        with pytest.raises(authorizer.Expired):
            authorizer.verify(token, KEY, 1000)


def admitted(body: str | None = None) -> dict[str, Any]:
    """A request as the gateway passes it on once the authorizer has let it in."""
    context = {"authorizer": {"principalId": "ada", "scope": "prices:read"}}
    return {"headers": {"X-Amzn-Trace-Id": TRACE}, "requestContext": context, "body": body}


class TestBackend:
    def test_prices_are_read_out_to_the_caller_whom_the_gateway_names(
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
    def prices(self, load_handler: LoadHandler) -> ModuleType:
        return with_key(load_handler(f"{FUNCTIONS}/naive_prices/app.py", SIGNING_KEY="signing-key"))

    @pytest.fixture
    def quotes(self, load_handler: LoadHandler) -> ModuleType:
        return with_key(load_handler(f"{FUNCTIONS}/naive_quotes/app.py", SIGNING_KEY="signing-key"))

    def status(self, function: ModuleType, token: str | None) -> int:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        event = {"headers": headers, "body": '{"item": "poster-a2", "quantity": 1}'}
        answer: dict[str, Any] = function.handler(event, LambdaContext())
        return int(answer["statusCode"])

    def test_both_functions_check_the_token_themselves(
        self, prices: ModuleType, quotes: ModuleType, tokens: ModuleType
    ) -> None:
        good, poor = mint(tokens), mint(tokens, [])
        for function in (prices, quotes):
            assert self.status(function, good) == 200
            assert self.status(function, poor) == 403
            for bad in (None, "", "let-me-in", f"{good}x", "W10.e30.x", "ä.ö.ü"):
                assert self.status(function, bad) == 401

    def test_the_older_copy_lets_an_expired_token_through(
        self, prices: ModuleType, quotes: ModuleType, tokens: ModuleType
    ) -> None:
        scope = "prices:read quotes:write"
        expired = tokens.sign({"sub": "ada", "scope": scope, "exp": int(time.time()) - 1}, KEY)
        assert self.status(prices, expired) == 401
        assert self.status(quotes, expired) == 200
