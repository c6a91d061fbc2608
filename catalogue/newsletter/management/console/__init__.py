"""What `manage.py newsletter` can do: each function takes the parsed arguments and a way to say something."""
