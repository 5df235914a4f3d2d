"""Figures about lists of numbers."""


def spread(numbers):
    """Return the distance between the smallest and the largest number; 0 for an empty list."""
    if not numbers:
        return 0
    return max(numbers) - min(numbers)


def average(numbers):
    """Return the average of a list of numbers.

    >>> average([1, 2, 3, 4])
    2.5
    """
    raise NotImplementedError
