"""The command `serverless-patterns` (docs/open.md)."""
