"""How other terminals speak to a running `serverless-patterns open`: by its HTTP API. Needs no Django."""
