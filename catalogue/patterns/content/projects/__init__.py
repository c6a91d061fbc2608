"""A template on its own, such as a reader's own stack, read as a pattern: drawn from what it proves, with a demo from
its routes and queues."""
