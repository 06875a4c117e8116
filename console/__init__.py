"""What all commands share in talking to a person: arguments, progress, messages, interruption."""
