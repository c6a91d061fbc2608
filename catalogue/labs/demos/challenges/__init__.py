"""Challenges: tasks of a pattern's challenges.yaml, won when the visitor's own stacks show it by their own counts."""
