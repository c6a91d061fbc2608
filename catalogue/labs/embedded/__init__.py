"""The embedded AWS: MiniStack as a child process, and what only an emulator needs. See `targets.embedded`."""
