"""Questions about a text."""


def is_blank(text):
    """Return True if the text has no character besides white space."""
    return not text.strip()


def is_palindrome(text):
    """Return True if the text reads the same forwards and backwards.

    >>> is_palindrome("level")
    True
    >>> is_palindrome("hello")
    False
    """
    raise NotImplementedError
