"""The database and the cache: where they are by DATABASE_URL and CACHE_URL, and what happens while they are away."""
