"""What a subcommand raises where it cannot do what was asked."""


class Refused(Exception):
    """What was asked for cannot be done; the message says why and what to do."""
