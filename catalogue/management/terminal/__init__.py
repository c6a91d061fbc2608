"""The command `serverless-patterns`: each subcommand is a module with `add_arguments` and `run` (docs/open.md)."""
