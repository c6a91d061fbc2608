"""Keeps in touch: subscribers, the confirmation of their wish, and the queue of outgoing mail."""
