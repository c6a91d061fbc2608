"""Where labs can run: LABS_TARGET, and what a run was recorded on. The only place with these two words."""

from typing import Final, Literal, get_args

TargetName = Literal["embedded", "aws"]
EMBEDDED: Final = "embedded"
AWS: Final = "aws"
"""Also the key of real AWS in the database, where an emulator has one of its own."""
TARGET_NAMES: tuple[TargetName, ...] = get_args(TargetName)
