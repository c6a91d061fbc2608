"""One module, one benchmark: found by being here."""
