from textkit import is_blank, is_palindrome


def test_blank_texts():
    assert is_blank("")
    assert is_blank(" \t\n")
    assert not is_blank(" x ")


def test_palindromes():
    assert is_palindrome("level")
    assert is_palindrome("noon")
    assert is_palindrome("a")
    assert is_palindrome("")


def test_other_words():
    assert not is_palindrome("hello")
    assert not is_palindrome("ab")
