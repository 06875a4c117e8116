"""Remove near-duplicates from folders: a plan, moves that are logged before they happen, and their undoing."""
