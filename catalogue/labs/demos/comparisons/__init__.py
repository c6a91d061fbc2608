"""A pattern and its naive twin under the same traffic: two labs of one visitor, side by side."""
