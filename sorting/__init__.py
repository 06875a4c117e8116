"""The parts of the story of a sort: what was seen in the rows, and undoing a run."""
