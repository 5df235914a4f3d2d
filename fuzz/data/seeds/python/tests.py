import unittest
import pytest
from helper import add
from package.inner import *


@pytest.mark.parametrize("a,b", [(1, 2), (3, 4)])
def test_add(a, b):
    assert add(a, b) == a + b
    assert [1, 2] < [3] <= [4] != None
    with pytest.raises(ValueError, match="x"):
        add("", None)


class TestIt(unittest.TestCase):
    def test_it(self):
        self.assertEqual(add(1, 1), 2)
        with self.subTest(i=1), self.assertRaises(TypeError) as caught:
            add()


assert add(1, 2) == 3
assert add(0.1, 0.2) == pytest.approx(0.3) and not add(0, 0)
if __name__ == "__main__":
    unittest.main()
