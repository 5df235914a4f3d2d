"""Words of a text."""

import string
from collections import Counter

from textkit.numbers import average


def split_words(text):
    """Return the words of a text in lower case, without punctuation."""
    words = (word.strip(string.punctuation).lower() for word in text.split())
    return [word for word in words if word]


def word_counts(text):
    """Return how often each word occurs, most frequent first."""
    return Counter(split_words(text)).most_common()


def longest_word(text):
    """Return the longest word, the first of them if several are equally long; "" for an empty text."""
    return max(split_words(text), key=len, default="")


def average_length(text):
    """Return the average length of the words of a text."""
    return average([len(word) for word in split_words(text)])
