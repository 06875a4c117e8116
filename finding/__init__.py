"""The same matching on folders: what is in them, what belongs together, and what is nearest to a query."""
