"""A stranger's template: drawn, linted and priced in a process that can be killed, never deployed and never kept."""
