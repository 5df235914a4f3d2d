"""Small helpers for lists of words and lines."""

from textkit.checks import is_blank, is_palindrome
from textkit.lists import chunks, remove_duplicates
from textkit.numbers import average, spread
from textkit.words import average_length, longest_word, split_words, word_counts

__all__ = [
    "average",
    "average_length",
    "chunks",
    "is_blank",
    "is_palindrome",
    "longest_word",
    "remove_duplicates",
    "split_words",
    "spread",
    "word_counts",
]
