"""One scenario a module. `python -m tests.reliability` finds them by their names: `chaos_…`, `soak_…` and `fuzz_…`."""
