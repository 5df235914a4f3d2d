from textkit import average, spread


def test_spread():
    assert spread([3, 9, 4]) == 6
    assert spread([]) == 0


def test_average():
    assert average([1, 2, 3, 4]) == 2.5
    assert average([10]) == 10
    assert average([-1, 1]) == 0
