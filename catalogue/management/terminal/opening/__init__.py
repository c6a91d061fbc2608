"""`serverless-patterns open`: its server, the deployment beside it, what it says, and the watch over the files."""
