"""Numbers of bytes as people read them."""


def size(count: int) -> str:
    """Return a number of bytes as people read it.

    >>> size(0), size(2_345), size(3_400_000)
    ('0 kB', '2 kB', '3.4 MB')
    """
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{-(-count // 1000) if count < 1000 else count // 1000} kB"
