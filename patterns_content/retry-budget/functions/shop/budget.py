"""The retry budget of one execution environment: a token bucket that successes fill and retries empty."""

import os


# region budget
class Budget:
    """Retries cost one token each. Ten successes earn one, so retries stay near a tenth of the calls.

    It lives in memory, so each execution environment has its own. An environment handles one call at a time.
    """

    EARNED = 0.1

    def __init__(self, most: float) -> None:
        self.most = most
        self.tokens = most

    def succeeded(self) -> None:
        self.tokens = min(self.most, self.tokens + self.EARNED)

    def take(self) -> bool:
        """Pay for one retry. False if the budget does not cover it."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


# endregion


def budget_of_this_environment() -> Budget:
    """A small bucket: it is full when an environment starts, and there can be many environments."""
    return Budget(float(os.environ["RETRY_TOKENS"]))
