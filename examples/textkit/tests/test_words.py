from textkit import average_length, longest_word, split_words, word_counts


def test_split_words():
    assert split_words("Never odd, or even!") == ["never", "odd", "or", "even"]
    assert split_words(" -- ") == []


def test_word_counts():
    assert word_counts("a b a. A") == [("a", 3), ("b", 1)]


def test_longest_word():
    assert longest_word("one three seven") == "three"
    assert longest_word("") == ""


def test_average_length():
    assert average_length("go home now") == 3
