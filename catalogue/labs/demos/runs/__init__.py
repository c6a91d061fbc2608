"""Runs of labs: observed, cleared of what is secret, kept, and shared by a link."""
