"""Requests that nobody would send on purpose, and what the site made of them."""
