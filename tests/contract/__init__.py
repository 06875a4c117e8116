"""One suite of facts that hold for every back-end."""
