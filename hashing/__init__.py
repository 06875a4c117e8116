"""Which pictures are similar: fingerprints, the vote, verification, groups and the order of rows. Pure."""
