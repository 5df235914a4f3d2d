"""Doc."""
import math
from collections import Counter, deque as dq


class Shape:
    __slots__ = ("n",)

    def __init__(self, n=1, *, scale: float = 2.0):
        self.n = n

    @property
    def area(self):
        return self.n ** 2 if self.n > 0 else -self.n

    def __eq__(self, other):
        return isinstance(other, Shape) and self.n == other.n


def gen(items, key=lambda x: x):
    for index, item in enumerate(items):
        if item in (1, 2, 3) and not index % 2:
            yield from [item, *items]
        else:
            continue
    try:
        return {k: v for k, v in Counter(items).items() if v > 1}
    except (KeyError, ValueError) as error:
        raise TypeError(f"{error!r:>{10}} {math.pi:.2f}") from error
    finally:
        items.clear()


def match_it(value):
    match value:
        case {"a": [x, *rest], **others} if x > 0:
            return x
        case Shape(n=1) | None:
            pass
        case _:
            while (n := len(str(value))) > 3:
                value //= 10
    global counter
    counter = 1
    assert match_it(3) == None, "no"
