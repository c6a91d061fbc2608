"""Amazon Cognito: user pools and what they invoke."""

from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.template import Resource
from catalogue.patterns.services.model import Finding, Level, ResourceType, Service, Uses, named_by

POOL = "AWS::Cognito::UserPool"


def triggers(view: View) -> Iterator[Finding]:
    """A user pool invokes functions around sign-up and sign-in, and waits for them."""
    for pool in view.stack.of_type(POOL):
        configured = pool.property("LambdaConfig", default={})
        for value in configured.values() if isinstance(configured, Mapping) else ():
            arn = value.get("LambdaArn") if isinstance(value, Mapping) else value
            if isinstance(arn, str) and arn.startswith("arn:aws:lambda:"):
                yield from view.delivery("trigger", pool.id, arn, pool, sender="cognito-idp", waits=True)


def price_of(operation: str, pool: Resource | None) -> str | None:
    """Users who were active in a month, at the price of the pool's plan; single calls are free.

    https://aws.amazon.com/cognito/pricing/
    """
    if operation != "ActiveUser":
        return None
    plan = text_of(pool.property("UserPoolTier")) if pool else ""
    return f"cognito.{plan.lower() if plan in ('LITE', 'PLUS') else 'essentials'}-users"


SERVICE = Service(
    key="cognito",
    name="Amazon Cognito",
    actions="cognito-idp",
    types=(
        ResourceType(
            POOL,
            Naming(
                arn="arn:aws:cognito-idp:{region}:{account}:userpool/{name}",
                addresses=("https://cognito-idp.{region}.amazonaws.com/{name}",),
                attributes={
                    "ProviderName": "cognito-idp.{region}.amazonaws.com/{name}",
                    "ProviderURL": "https://cognito-idp.{region}.amazonaws.com/{name}",
                },
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::Cognito::UserPoolGroup",
        "AWS::Cognito::UserPoolResourceServer",
        "AWS::Cognito::UserPoolUser",
        "AWS::Cognito::IdentityPool",
        "AWS::Cognito::IdentityPoolRoleAttachment",
    ),
    uses=Uses(
        reads=("AdminGetUser", "ListUsers", "AdminInitiateAuth"),
        writes=("AdminCreateUser", "AdminUpdateUserAttributes", "AdminSetUserPassword", "AdminConfirmSignUp", "SignUp"),
    ),
    calls=named_by("UserPoolId"),
    levels={"users": Level((POOL,), "user")},
    price_of=price_of,
    api=("cognitoidentityprovider",),
    finders=(triggers,),
)
