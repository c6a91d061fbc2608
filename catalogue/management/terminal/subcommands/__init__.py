"""One module for each subcommand: `add_arguments` for its parser, `run` for what it does."""
