"""What the benchmarks of the pages work with: the peers, and scripts that run inside the site's own settings."""
