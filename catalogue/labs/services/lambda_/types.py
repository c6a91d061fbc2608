"""Resource types of functions."""

FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
SAM_FUNCTION = "AWS::Serverless::Function"
