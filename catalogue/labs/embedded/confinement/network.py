"""A network for functions in which only the emulator answers.

Real functions reach the internet; these reach the AWS that they are written for, and neither the site, its database,
the machine's other services nor a cloud's metadata address.
"""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from catalogue.labs.embedded.confinement import isolation
from catalogue.labs.embedded.workers import namespaces


class Network:
    """A network namespace belongs to a thread: what this one starts is in it. Make it before capabilities are gone.

    `listening` is a socket on the same port of the loopback address in there, to be served as well.
    """

    def __init__(self, port: int) -> None:
        self._thread = ThreadPoolExecutor(1, "network")
        self.listening = self._thread.submit(_listen_inside, port).result()

    def give_up_capabilities(self) -> None:
        """After the main thread: capabilities are each thread's own, and a change of user is one of all at once."""
        self.start(namespaces.drop_capabilities)

    def start[T](self, make: Callable[[], T]) -> T:
        """Call something in there, such as to start a process."""
        return self._thread.submit(make).result()


def _listen_inside(port: int) -> socket.socket:
    isolation.own_network()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", port))
    listening.listen(512)
    listening.set_inheritable(True)
    return listening
