"""Keeps a tree of processes running: starts them, replaces one that dies or hangs, and leaves none behind.

A `Part` leads a process group (and session) of its own, so that stopping it reaches its workers too. It is ready at its
first heartbeat if it sends any, otherwise when it has written its first line and answers if asked. From then on it must
keep showing that it works: by heartbeats (`processes.heartbeat`) or by answering when asked. One that has shown nothing
for its `patience` is killed and started again. Each such event is one line in the log.
"""

from catalogue.processes.supervisor.parts import Part, PartFailedError
from catalogue.processes.supervisor.probe import answers
from catalogue.processes.supervisor.state import kill_leftovers
from catalogue.processes.supervisor.supervisor import Supervisor

__all__ = ["Part", "PartFailedError", "Supervisor", "answers", "kill_leftovers"]
