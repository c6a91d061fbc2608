"""One examination a module: a TITLE, and `examine(site)`, which yields findings. A new file is a new examination."""
