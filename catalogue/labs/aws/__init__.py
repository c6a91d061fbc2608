"""What labs need on a real AWS account and nowhere else: credentials, limits on roles and money, cleaning up.

`catalogue.labs.targets.aws` puts the pieces together. docs/aws.md is for operators; infra/ holds the template of the
account itself.
"""
