"""`make bench`: what the site promises of its speed, measured. docs/benchmarks.md tells how, and of one run."""
