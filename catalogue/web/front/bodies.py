"""How many bytes of request bodies a web process holds at once."""


class BodyBudget:
    """A number of bytes that all requests of one kind share. Belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> bool:
        """Whether so many more bytes may be held; if so, they count until `give_back`."""
        if self.held + size > self._most:
            return False
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        self.held -= size
