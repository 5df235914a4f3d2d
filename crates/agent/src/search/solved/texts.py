def title_words(text):
    """Capitalize the first letter of each word in a string.

    >>> title_words("green leaf")
    'Green Leaf'
    """
    return " ".join(word[0].upper() + word[1:] for word in text.split())


def without_letter(text, letter):
    """Remove every occurrence of a letter from a string.

    >>> without_letter("banana", "a")
    'bnn'
    """
    return text.replace(letter, "")


def even_places(text):
    """Take the characters at even positions of a string.

    >>> even_places("abcdef")
    'ace'
    """
    return text[::2]


def is_anagram(first, second):
    """Check whether two strings have the same letters.

    >>> is_anagram("tea", "eat")
    True
    """
    return sorted(first) == sorted(second)


def most_frequent_word(text):
    """Find the most common word of a text using collections.

    >>> most_frequent_word("to be or not to")
    'to'
    """
    return Counter(text.split()).most_common(1)[0][0]


def joined(words, mark):
    """Join the words of a list into a string with a mark between them.

    >>> joined(["a", "b", "c"], "-")
    'a-b-c'
    """
    return mark.join(words)


def consonants(text):
    """Count the letters of a string that are no vowels.

    >>> consonants("banana")
    3
    """
    return sum(1 for letter in text.lower() if letter.isalpha() and letter not in "aeiou")


def swap_case(text):
    """Turn upper case letters into lower case and the other way round.

    >>> swap_case("aBc")
    'AbC'
    """
    return text.swapcase()


def is_hex_colour(text):
    """Check with a regex whether a string is a colour such as #a0b1c2.

    >>> is_hex_colour("#a0b1c2")
    True
    """
    return bool(re.fullmatch(r"#[0-9a-f]{6}", text))


def starts_with_digit(text):
    """Say 'Yes' if a string begins with a digit, by using regex.

    >>> starts_with_digit("7up")
    'Yes'
    """
    if re.match(r"^[0-9]", text):
        return "Yes"
    else:
        return "No"


def numbers_in(text):
    """Extract all numbers from a string by using regex.

    >>> numbers_in("3 cats, 12 dogs")
    [3, 12]
    """
    return [int(number) for number in re.findall(r"\d+", text)]


def masked(text):
    """Replace all digits of a string with a star by using regex.

    >>> masked("a1b22")
    'a*b**'
    """
    return re.sub(r"\d", "*", text)


def split_sentences(text):
    """Split a text at full stops and question marks by using regex.

    >>> split_sentences("Who? Me. You")
    ['Who', 'Me', 'You']
    """
    return re.split(r"[.?]\s*", text)


def tuple_of_sums(first, second):
    """Add the elements of two tuples, place by place.

    >>> tuple_of_sums((1, 2), (3, 4))
    (4, 6)
    """
    return tuple(a + b for a, b in zip(first, second))


def total_of_pairs(pairs):
    """Add up the numbers in the second place of all tuples in a list.

    >>> total_of_pairs([("a", 3), ("b", 4)])
    7
    """
    return sum(number for _, number in pairs)


def tuple_with(values, extra):
    """Append an element to a tuple.

    >>> tuple_with((1, 2), 3)
    (1, 2, 3)
    """
    return values + (extra,)


def numbers_as_tuple(text):
    """Convert a string of numbers into a tuple of integers.

    >>> numbers_as_tuple("4, 5, 6")
    (4, 5, 6)
    """
    return tuple(int(part) for part in text.split(","))


def inverted(mapping):
    """Swap the keys and values of a dictionary.

    >>> inverted({"a": 1, "b": 2})
    {1: 'a', 2: 'b'}
    """
    return {value: key for key, value in mapping.items()}


def cheaper_than(prices, limit):
    """Filter a dictionary by its values: keep those below a limit.

    >>> cheaper_than({"tea": 2, "cake": 5}, 4)
    {'tea': 2}
    """
    return {name: price for name, price in prices.items() if price < limit}


def best_key(scores):
    """Find the key with the maximum value in a dictionary.

    >>> best_key({"x": 3, "y": 8})
    'y'
    """
    return max(scores, key=scores.get)


def sorted_by_value(scores):
    """Sort a dictionary by value, in descending order.

    >>> sorted_by_value({"x": 3, "y": 8})
    {'y': 8, 'x': 3}
    """
    return dict(sorted(scores.items(), key=lambda item: item[1], reverse=True))


def grouped_by_first_letter(words):
    """Group words by their first letter in a dictionary of lists.

    >>> grouped_by_first_letter(["oak", "ash", "olive"])
    {'o': ['oak', 'olive'], 'a': ['ash']}
    """
    groups = defaultdict(list)
    for word in words:
        groups[word[0]].append(word)
    return dict(groups)


def merged(first, second):
    """Merge two dictionaries; the second one wins.

    >>> merged({"a": 1}, {"a": 2, "b": 3})
    {'a': 2, 'b': 3}
    """
    return {**first, **second}


def binary_search(numbers, wanted):
    """Find the index of a number in a sorted list by binary search, or -1.

    >>> binary_search([2, 5, 8, 12], 8)
    2
    """
    low, high = 0, len(numbers) - 1
    while low <= high:
        middle = (low + high) // 2
        if numbers[middle] == wanted:
            return middle
        if numbers[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def bubble_sorted(numbers):
    """Sort a list by swapping neighbours.

    >>> bubble_sorted([3, 1, 2])
    [1, 2, 3]
    """
    for i in range(len(numbers)):
        for j in range(len(numbers) - 1 - i):
            if numbers[j] > numbers[j + 1]:
                numbers[j], numbers[j + 1] = numbers[j + 1], numbers[j]
    return numbers


def is_leap_year(year):
    """Check whether a year is a leap year.

    >>> is_leap_year(2000)
    True
    """
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def clock(minutes):
    """Format minutes as hours and minutes.

    >>> clock(75)
    '1:15'
    """
    return f"{minutes // 60}:{minutes % 60:02d}"


def all_pairs(items):
    """List all combinations of two elements of a list, using itertools.

    >>> all_pairs([1, 2, 3])
    [(1, 2), (1, 3), (2, 3)]
    """
    return list(combinations(items, 2))


def running_totals(numbers):
    """Find the cumulative sums of a list.

    >>> running_totals([1, 2, 3])
    [1, 3, 6]
    """
    return list(accumulate(numbers))
