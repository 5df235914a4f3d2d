def unique_in_order(items):
    """Keep the first of equal items of a list, in their order.

    >>> unique_in_order([3, 1, 3, 2, 1])
    [3, 1, 2]
    """
    return list(dict.fromkeys(items))


def word_lengths(text):
    """Map every word of a sentence to its length in a dictionary.

    >>> word_lengths("an old oak")
    {'an': 2, 'old': 3, 'oak': 3}
    """
    return {word: len(word) for word in text.split()}


def is_sorted(numbers):
    """Check whether a list of numbers is sorted in ascending order.

    >>> is_sorted([1, 4, 4, 9])
    True
    """
    return all(a <= b for a, b in zip(numbers, numbers[1:]))


def letter_counts(text):
    """Count how often each letter of a string occurs, as a dictionary.

    >>> letter_counts("noon")
    {'n': 2, 'o': 2}
    """
    counts = {}
    for letter in text:
        counts[letter] = counts.get(letter, 0) + 1
    return counts


def by_length(words):
    """Sort a list of words by length, the longest first.

    >>> by_length(["fig", "apricot", "plum"])
    ['apricot', 'plum', 'fig']
    """
    return sorted(words, key=len, reverse=True)


def by_weight(pairs):
    """Sort a list of tuples by the weight in their last place.

    >>> by_weight([("a", 7), ("b", 2)])
    [('b', 2), ('a', 7)]
    """
    return sorted(pairs, key=lambda pair: pair[-1])


def pair_up(names, ages):
    """Combine two lists into a dictionary of keys and values.

    >>> pair_up(["Ann", "Bob"], [30, 25])
    {'Ann': 30, 'Bob': 25}
    """
    return dict(zip(names, ages))


def scaled(values, factor):
    """Multiply every element of a tuple by a factor.

    >>> scaled((1, 2, 5), 3)
    (3, 6, 15)
    """
    return tuple(value * factor for value in values)


def column(rows, number):
    """Get one column of a matrix that is a list of lists.

    >>> column([[1, 2], [3, 4]], 1)
    [2, 4]
    """
    return [row[number] for row in rows]


def row_totals(rows):
    """Find the sum of each inner list in a list of lists.

    >>> row_totals([[1, 2], [3, 4, 5]])
    [3, 12]
    """
    return [sum(row) for row in rows]


def longest_row(rows):
    """Find the longest list in a list of lists.

    >>> longest_row([[1], [2, 3, 4], [5, 6]])
    [2, 3, 4]
    """
    return max(rows, key=len)


def flatten_once(rows):
    """Flatten a list of lists into one list.

    >>> flatten_once([[1, 2], [3]])
    [1, 2, 3]
    """
    return [item for row in rows for item in row]


def differences(numbers):
    """Find the differences between consecutive numbers of a list.

    >>> differences([2, 5, 4])
    [3, -1]
    """
    return [b - a for a, b in zip(numbers, numbers[1:])]


def weighted_sum(values, weights):
    """Find the sum of products of two lists, element by element.

    >>> weighted_sum([1, 2, 3], [4, 5, 6])
    32
    """
    return sum(a * b for a, b in zip(values, weights))


def mean_of_squares(numbers):
    """Find the average of the squares of a list of numbers.

    >>> mean_of_squares([1, 2, 3, 4])
    7.5
    """
    return sum(n ** 2 for n in numbers) / len(numbers)


def digit_product(number):
    """Multiply the digits of a number.

    >>> digit_product(234)
    24
    """
    product = 1
    for digit in str(number):
        product *= int(digit)
    return product


def digits_reversed(number):
    """Reverse the digits of an integer.

    >>> digits_reversed(1203)
    3021
    """
    return int(str(number)[::-1])


def divisors(number):
    """List all divisors of a number.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    return [d for d in range(1, number + 1) if number % d == 0]


def is_square(number):
    """Check if a number is a perfect square.

    >>> is_square(49)
    True
    """
    root = int(number ** 0.5)
    return root * root == number


def is_power_of(number, base):
    """Check if the number is a power of the given base.

    >>> is_power_of(81, 3)
    True
    """
    while number % base == 0:
        number //= base
    return number == 1


def pell(n):
    """Find the nth number of a sequence that begins with 0 and 1 and follows 2 * a + b.

    >>> pell(4)
    12
    """
    a, b = 0, 1
    for _ in range(n):
        a, b = b, 2 * b + a
    return a


def steps_to_one(n):
    """Count the steps of the Collatz rule until a number becomes 1.

    >>> steps_to_one(6)
    8
    """
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def odd_squares_sum(n):
    """Find the sum of the squares of the first n odd natural numbers.

    >>> odd_squares_sum(3)
    35
    """
    return sum((2 * i + 1) ** 2 for i in range(n))


def choose(n, k):
    """Count the ways to choose k of n things.

    >>> choose(5, 2)
    10
    """
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result


def ones_in_binary(number):
    """Count the set bits in the binary form of a number.

    >>> ones_in_binary(11)
    3
    """
    return bin(number).count("1")


def to_hex(number):
    """Convert a decimal number into a hexadecimal string.

    >>> to_hex(255)
    'ff'
    """
    return hex(number)[2:]


def toggle_bit(number, place):
    """Toggle the bit of a number at a place.

    >>> toggle_bit(10, 0)
    11
    """
    return number ^ (1 << place)


def cone_volume(radius, height):
    """Find the volume of a cone.

    >>> cone_volume(3, 4)
    37.69911184307752
    """
    return math.pi * radius ** 2 * height / 3


def distance(x1, y1, x2, y2):
    """Calculate the distance between two points in the plane.

    >>> distance(0, 0, 3, 4)
    5.0
    """
    return ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5


def fahrenheit(celsius):
    """Convert a temperature from Celsius to Fahrenheit.

    >>> fahrenheit(100)
    212.0
    """
    return celsius * 9 / 5 + 32


def box_surface(a, b, c):
    """Find the surface area of a box from its three sides.

    >>> box_surface(1, 2, 3)
    22
    """
    return 2 * (a * b + b * c + a * c)


def grade(points):
    """Give 'pass' for at least 50 points, else 'fail'.

    >>> grade(49)
    'fail'
    """
    if points >= 50:
        return "pass"
    else:
        return "fail"


def sign_word(number):
    """Say whether a number is positive, negative or zero.

    >>> sign_word(-4)
    'negative'
    """
    if number > 0:
        return "positive"
    if number < 0:
        return "negative"
    return "zero"
