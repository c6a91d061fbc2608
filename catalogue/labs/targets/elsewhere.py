"""The embedded AWS of another instance on the same database, as far as its address can be reached from here."""

from typing import Any

from catalogue.labs.targets.base import OUT_OF_REACH, TargetDown
from catalogue.labs.targets.embedded import EmbeddedTarget


class ElsewhereTarget(EmbeddedTarget):
    """One boot of an emulator that another instance is responsible for.

    An address such as 127.0.0.1:40001 may be another program's on this machine. So nothing is sent there before the
    boot that is meant has answered; everything raises TargetDown until then.
    """

    def __init__(self, url: str, boot_id: str) -> None:
        super().__init__(url)
        self._wanted = boot_id

    def boot_id(self) -> str:
        try:
            found = super().boot_id()
        except TargetDown:
            found = ""
        if found != self._wanted:
            raise TargetDown(OUT_OF_REACH)
        return found

    def client(self, service: str) -> Any:
        self.boot_id()
        return super().client(service)
