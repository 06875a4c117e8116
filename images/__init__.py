"""The edge to pictures: fetch what an address names, decode it, fingerprint it, and keep it."""
