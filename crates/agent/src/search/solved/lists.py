def second_smallest(numbers):
    """Find the second smallest number of a list.

    >>> second_smallest([5, 2, 9, 2, 4])
    4
    """
    return sorted(set(numbers))[1]


def n_largest(numbers, n):
    """Find the n largest numbers of a list with a heap.

    >>> n_largest([4, 9, 1, 7], 2)
    [9, 7]
    """
    return heapq.nlargest(n, numbers)


def rotated(items, k):
    """Rotate a list to the right by k places.

    >>> rotated([1, 2, 3, 4], 1)
    [4, 1, 2, 3]
    """
    k %= len(items)
    return items[-k:] + items[:-k]


def every_other(items):
    """Take every second element of a list.

    >>> every_other([1, 2, 3, 4, 5])
    [1, 3, 5]
    """
    return items[::2]


def halves(items):
    """Split a list in the middle into two parts, as a tuple.

    >>> halves([1, 2, 3, 4])
    ([1, 2], [3, 4])
    """
    middle = len(items) // 2
    return items[:middle], items[middle:]


def insert_between(items, extra):
    """Insert an element after each element of a list.

    >>> insert_between([1, 2], 0)
    [1, 0, 2, 0]
    """
    result = []
    for item in items:
        result += [item, extra]
    return result


def without(items, unwanted):
    """Remove all elements of a list that occur in another list.

    >>> without([1, 2, 3, 4], [2, 4])
    [1, 3]
    """
    return [item for item in items if item not in unwanted]


def shared(first, second):
    """Find the common elements of two lists, sorted.

    >>> shared([3, 1, 2], [2, 3, 5])
    [2, 3]
    """
    return sorted(set(first) & set(second))


def only_strings(values):
    """Keep the strings of a list of mixed values.

    >>> only_strings([1, "a", 2.5, "b"])
    ['a', 'b']
    """
    return [value for value in values if isinstance(value, str)]


def index_of_largest(numbers):
    """Find the position of the largest number in a list.

    >>> index_of_largest([3, 9, 4])
    1
    """
    return numbers.index(max(numbers))


def first_negative(numbers):
    """Find the first negative number of a list, or None.

    >>> first_negative([4, -2, -7])
    -2
    """
    for number in numbers:
        if number < 0:
            return number
    return None


def has_pair_with_sum(numbers, total):
    """Check whether two numbers of an array add up to a given sum.

    >>> has_pair_with_sum([1, 4, 9], 13)
    True
    """
    seen = set()
    for number in numbers:
        if total - number in seen:
            return True
        seen.add(number)
    return False


def count_pairs_below(numbers, limit):
    """Count the pairs of an array whose sum is below a limit.

    >>> count_pairs_below([1, 2, 3], 5)
    2
    """
    count = 0
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            if numbers[i] + numbers[j] < limit:
                count += 1
    return count


def longest_run(items):
    """Find the length of the longest run of equal items.

    >>> longest_run("aabbbc")
    3
    """
    return max(len(list(group)) for _, group in groupby(items))


def best_profit(prices):
    """Find the maximum gain from buying once and selling later.

    >>> best_profit([3, 8, 2, 9])
    7
    """
    lowest, best = prices[0], 0
    for price in prices:
        lowest = min(lowest, price)
        best = max(best, price - lowest)
    return best


def climbing_ways(n):
    """Count the ways to climb n steps, one or two at a time, by dynamic programming.

    >>> climbing_ways(4)
    5
    """
    ways = [1, 1]
    for i in range(2, n + 1):
        ways.append(ways[i - 1] + ways[i - 2])
    return ways[n]


def power(base, exponent):
    """Calculate a power by using recursion.

    >>> power(2, 5)
    32
    """
    if exponent == 0:
        return 1
    return base * power(base, exponent - 1)


def depth(tree):
    """Find how deep a list is nested, by recursion.

    >>> depth([1, [2, [3]]])
    3
    """
    if not isinstance(tree, list):
        return 0
    return 1 + max((depth(item) for item in tree), default=0)


def triples(numbers):
    """Triple all numbers of a list using map and a lambda function.

    >>> triples([1, 2])
    [3, 6]
    """
    return list(map(lambda n: 3 * n, numbers))


def longer_than(words, n):
    """Keep the words longer than n characters using filter and a lambda function.

    >>> longer_than(["tea", "coffee"], 4)
    ['coffee']
    """
    return list(filter(lambda word: len(word) > n, words))
