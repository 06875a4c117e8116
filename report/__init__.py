"""What a run found, as a value, as JSON, and as pages to look at."""
