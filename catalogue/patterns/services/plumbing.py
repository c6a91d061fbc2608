"""Types that wire others together: every template has some, and they make no service worth a mention."""

PLUMBING = (
    "AWS::IAM::Policy",
    "AWS::IAM::RolePolicy",
    "AWS::Serverless::Connector",
)
