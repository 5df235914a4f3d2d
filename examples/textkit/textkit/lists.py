"""Lists of anything."""


def chunks(items, size):
    """Cut a list into pieces of the given size; the last one may be shorter.

    >>> chunks([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]
    """
    if size < 1:
        raise ValueError("size must be at least 1")
    return [items[start : start + size] for start in range(0, len(items), size)]


def remove_duplicates(items):
    """Return a new list without duplicates, keeping the order of the items.

    >>> remove_duplicates([1, 2, 2, 3, 1])
    [1, 2, 3]
    """
    raise NotImplementedError
