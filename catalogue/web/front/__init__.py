"""The web server's own limits, ahead of every application: heads, bodies, times, connections.

`guard.py` is the protocol that applies them, `limits.py` holds the numbers, `connections.py` decides who stays
connected, `bodies.py` bounds the memory of request bodies, `refusals.py` writes the answers, `periodic.py` logs them.
"""
