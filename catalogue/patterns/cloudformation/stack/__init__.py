"""A template as the stack that CloudFormation makes of it, without an AWS account: SAM translated, all values known."""
