"""What the newsletter's benchmark runs in processes of their own: a mail server, our sender, a bare loop, a peer."""
