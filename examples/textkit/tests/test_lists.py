from textkit import chunks, remove_duplicates


def test_chunks():
    assert chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert chunks([], 3) == []


def test_chunks_need_a_size():
    try:
        chunks([1], 0)
    except ValueError as error:
        assert "at least 1" in str(error)
    else:
        assert False, "a size of 0 was accepted"


def test_remove_duplicates():
    assert remove_duplicates([1, 2, 2, 3, 1]) == [1, 2, 3]
    assert remove_duplicates(["b", "a", "b"]) == ["b", "a"]
    assert remove_duplicates([9, 4, 9, 7, 0, 4, 2]) == [9, 4, 7, 0, 2]
    assert remove_duplicates(["pear", "fig", "apple", "fig", "plum"]) == ["pear", "fig", "apple", "plum"]
    assert remove_duplicates([]) == []


def test_remove_duplicates_keeps_its_argument():
    items = [3, 3, 1]
    assert remove_duplicates(items) == [3, 1]
    assert items == [3, 3, 1]
