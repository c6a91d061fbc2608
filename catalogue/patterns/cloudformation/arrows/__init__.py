"""What flows from where to where in a template, proven from what the stack will have."""
