"""AWS IAM: users with keys of their own. Roles and policies are plumbing."""

from catalogue.patterns.services.model import Service

SERVICE = Service(key="iam", name="AWS IAM", actions="iam", types=(), parts=("AWS::IAM::User", "AWS::IAM::AccessKey"))
