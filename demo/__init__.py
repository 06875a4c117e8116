"""A sheet of real photographs and their web-like copies, and the real command on it."""
