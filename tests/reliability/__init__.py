"""What the site survives, measured: faults on purpose, long runs and hostile clients. See docs/reliability.md."""
