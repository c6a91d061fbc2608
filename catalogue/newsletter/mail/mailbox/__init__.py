"""The mail server of a development machine: mail goes into a table and is read on a page of the site."""
