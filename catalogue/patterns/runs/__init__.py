"""A run: what was seen of a lab from one moment to another, as a value; and the views of it."""
