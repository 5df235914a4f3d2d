//! Programs whose work grows with a size, a depth or not at all foreseeably, for as little fuel as possible.

use std::time::Duration;

use edgecoder_types::RunStatus;

use crate::support::{Outcome, all, program, run_within};

const FUEL: u64 = 300_000;

/// How long the slowest of them may take on a busy machine that builds other things.
const WALL: Duration = Duration::from_secs(10);

/// Each ends at exactly the limit.
#[rustfmt::skip]
const GROWING: &[(&str, &str)] = &[
    ("slice of a list", "x = [0] * 10**6\nwhile True: x[:]"),
    ("slice with a step", "x = [0] * 10**6\nwhile True: x[::2]"),
    ("slice backwards", "x = (0,) * 10**6\nwhile True: x[::-1]"),
    ("slice of text", "x = 'a' * 10**7\nwhile True: x[1:]"),
    ("slice of wide text", "x = 'é' * 10**6\nwhile True: x[-5:]"),
    ("letter of wide text", "x = 'é' * 10**6\ndef f():\n    while True: x[999999]\nf()"),
    ("slice of bytes", "x = b'a' * 10**7\nwhile True: x[1:]"),
    ("slice of a bytearray", "x = bytearray(10**7)\nwhile True: x[1:]"),
    ("slice of an array", "import array\nx = array.array('b', bytes(10**7))\nwhile True: x[1:]"),
    ("slice by name", "x = [0] * 10**6\ny = slice(None)\nwhile True: x.__getitem__(y)"),
    ("slice of a subclass", "class L(list): pass\nx = L([0] * 10**6)\nwhile True: x[:]"),
    ("slice assigned", "x, y = [], [0] * 10**6\nwhile True: x[:] = y"),
    ("slice assigned from a range", "x = []\nx[0:0] = range(10**12)"),
    ("slice assigned without end", "import itertools\nx = []\nx[0:0] = itertools.repeat(1)"),
    ("slice deleted", "x = [0] * 10**6\nwhile True:\n    del x[0:1]\n    x.append(0)"),
    ("element deleted", "x = [0] * 10**6\nwhile True:\n    del x[0]\n    x.append(0)"),
    ("slice assigned by name", "x, y = [], [0] * 10**6\nwhile True: x.__setitem__(slice(None), y)"),
    ("getitem of operator", "import operator\nx = [0] * 10**6\ny = slice(None)\nwhile True: operator.getitem(x, y)"),
    ("itemgetter", "import operator\nx = [0] * 10**6\ny = operator.itemgetter(slice(None))\nwhile True: y(x)"),
    ("slice in warm code", "def f(x):\n    while True: x[1:]\nf([0] * 10**6)"),
    ("starred target of a range", "a, *b = range(10**12)"),
    ("starred target without end", "import itertools\na, *b = itertools.count()"),
    ("starred target of a list", "x = [0] * 10**6\nwhile True: a, *b = x"),
    ("starred target of a loop", "x = [[0] * 10**6] * 10**6\nfor a, *b in x: pass"),
    ("starred target of a range in a loop", "for a, *b in [range(10**12)]: pass"),
    ("starred target of a comprehension", "x = [[0] * 10**6] * 10**6\n[1 for a, *b in x]"),
    ("starred pattern", "x = [0] * 10**6\nwhile True:\n    match x:\n        case [a, *b]: pass"),
    ("dictionary unpacked", "d = dict.fromkeys(range(10**5))\nwhile True: {**d}"),
    ("keywords unpacked", "def f(**k): pass\nd = dict.fromkeys(map(str, range(10**4)))\nwhile True: f(**d)"),
    ("arguments unpacked", "def f(*a): pass\nx = [0] * 10**5\nwhile True: f(*x)"),
    ("arguments without end", "import itertools\nprint(*itertools.repeat(1))"),
    ("zip of arguments without end", "import itertools\nzip(*itertools.repeat([1]))"),
    ("delegated range", "def g(): yield from range(10**12)\nsum(g())"),
    ("delegated iterator without end", "import itertools\ndef g(): yield from itertools.repeat(0)\nsum(g())"),
    ("sequence protocol of a native function", "class A: __getitem__ = [0].__class__.__len__\nclass B:\n    __getitem__ = staticmethod(abs)\nmin(B())"),
    ("union of sets", "x = set(range(10**5))\nwhile True: x | x"),
    ("intersection of sets", "x = set(range(10**5))\nwhile True: x & x"),
    ("difference of sets", "x, y = set(range(10**5)), set()\nwhile True: x - y"),
    ("symmetric difference", "x, y = set(range(10**5)), set()\nwhile True: x ^ y"),
    ("union in place", "x, y = set(), set(range(10**5))\nwhile True: x |= y"),
    ("union of frozen sets by name", "x = frozenset(range(10**5))\nwhile True: x.__or__(x)"),
    ("union of dictionaries", "d = dict.fromkeys(range(10**5))\nwhile True: d | d"),
    ("union of dictionaries in place", "d = dict.fromkeys(range(10**5))\nwhile True: d |= d.copy()"),
    ("keys as sets", "d = dict.fromkeys(range(10**5))\nk = d.keys()\nwhile True: k & k"),
    ("copy of a dictionary", "d = dict.fromkeys(range(10**5))\nwhile True: d.copy()"),
    ("copy of a set", "d = set(range(10**5))\nwhile True: d.copy()"),
    ("update of a dictionary", "d = dict.fromkeys(range(10**5))\ne = {}\nwhile True: e.update(d)"),
    ("subset", "x = set(range(10**5))\ny = set(x)\nwhile True: x <= y"),
    ("equal sets", "x = set(range(10**5))\ny = set(x)\nwhile True: x == y"),
    ("equal dictionaries", "x = dict.fromkeys(range(10**5))\ny = dict(x)\nwhile True: x == y"),
    ("equal lists", "x, y = [0] * 10**6, [0] * 10**6\nwhile True: x == y"),
    ("equal lists in warm code", "def f(x, y):\n    while True: x == y\nf([0] * 10**6, [0] * 10**6)"),
    ("equal lists by name", "x, y = [0] * 10**6, [0] * 10**6\nwhile True: x.__eq__(y)"),
    ("order of tuples", "x, y = (0,) * 10**6, (0,) * 10**6\nwhile True: x < y"),
    ("equal lists of a subclass", "class L(list): pass\nx, y = L([0] * 10**6), L([0] * 10**6)\nwhile True: x == y"),
    ("equal texts", "x, y = 'a' * 10**7, 'a' * 10**7\ndef f():\n    while True: x == y\nf()"),
    ("order of texts", "x, y = 'a' * 10**7, 'a' * 10**7\nwhile True: x < y"),
    ("text as key", "x, y = 'a' * 10**7, 'a' * 10**7\nd = {x: 1}\ndef f():\n    while True: d[y]\nf()"),
    ("equal deques", "import collections\nx, y = collections.deque([0] * 10**6), collections.deque([0] * 10**6)\nwhile True: x == y"),
    ("equal bytes", "x, y = b'a' * 10**7, b'a' * 10**7\nwhile True: x == y"),
    ("compared by operator", "import operator\nx, y = [0] * 10**6, [0] * 10**6\nwhile True: operator.eq(x, y)"),
    ("maximum of lists", "x = [[0] * 10**6 for i in range(9)]\nwhile True: max(x)"),
    ("texts added", "def f(x):\n    while True: x + 'b'\nf('a' * 10**7)"),
    ("doubled list as text", "a = []\nfor i in range(40): a = [a, a]\nrepr(a)"),
    ("doubled dictionary as text", "a = {}\nfor i in range(40): a = {1: a, 2: a}\nf'{a}'"),
    ("doubled tuple hashed", "t = ()\nfor i in range(40): t = (t, t)\nhash(t)"),
    ("doubled tuple as key", "t = ()\nfor i in range(40): t = (t, t)\n{t: 1}"),
    ("doubled tuple of a subclass hashed", "class T(tuple): pass\nt = T()\nfor i in range(40): t = T((t, t))\n{t}"),
    ("doubled tuples compared", "t, u = (1,), (1,)\nfor i in range(40): t, u = (t, t), (u, u)\nt == u"),
    ("doubled tuples in order", "t, u = (1,), (1,)\nfor i in range(40): t, u = (t, t), (u, u)\nt < u"),
    ("doubled lists compared", "t, u = [1], [1]\nfor i in range(40): t, u = [t, t], [u, u]\nt == u"),
    ("doubled dictionaries compared", "t, u = {}, {}\nfor i in range(40): t, u = {1: t, 2: t}, {1: u, 2: u}\nt == u"),
    ("doubled frozen sets", "t = frozenset()\nfor i in range(40): t = (t, t)\nfrozenset([t])"),
    ("doubled exception as text", "e = ValueError()\nfor i in range(40): e = ValueError(e, e)\nrepr(e)"),
    ("doubled alias hashed", "t = list[int]\nfor i in range(40): t = tuple[t, t]\nhash(t)"),
    ("doubled list in json", "import json\na = []\nfor i in range(40): a = [a, a]\njson.dumps(a)"),
    ("doubled list pretty", "import pprint\na = []\nfor i in range(40): a = [a, a]\npprint.pformat(a)"),
    ("doubled tuple in isinstance", "t = (int,)\nfor i in range(40): t = (t, t)\nisinstance('a', t)"),
    ("doubled tuple in format", "t = ()\nfor i in range(40): t = (t, t)\n'{}'.format(t)"),
    ("doubled tuple in percent", "t = ()\nfor i in range(40): t = (t, t)\n'%r' % (t,)"),
    ("doubled tuple joined to a message", "t = ()\nfor i in range(40): t = (t, t)\nstr(KeyError(t))"),
    ("deque as text", "import collections\nt = collections.deque()\nfor i in range(40): t = collections.deque([t, t])\nstr(t)"),
    ("text as text", "x = '\\n' * 10**6\nwhile True: repr(x)"),
    ("deque without end", "import collections, itertools\ncollections.deque(itertools.repeat(1), maxlen=0)"),
    ("sum without end", "import itertools\nsum(itertools.repeat(0))"),
    ("maximum without end", "import itertools\nmax(itertools.repeat(0))"),
    ("set without end", "import itertools\nset(itertools.cycle([1]))"),
    ("any without end", "import itertools\nany(itertools.repeat(0))"),
    ("search without end", "import itertools\n'x' in itertools.repeat('y')"),
    ("dictionary without end", "import itertools\ndict(zip(itertools.count(), itertools.repeat(0)))"),
    ("filter without end", "import itertools\nnext(filter(None, itertools.repeat(0)))"),
    ("all without end", "import itertools\nall(map(str, itertools.repeat('1')))"),
    ("join without end", "import itertools\n''.join(itertools.repeat(''))"),
    ("bytes without end", "import itertools\nbytes(itertools.repeat(1))"),
    ("array without end", "import array, itertools\narray.array('b').extend(itertools.repeat(1))"),
    ("merge without end", "import heapq, itertools\nfor x in heapq.merge(itertools.repeat(1), itertools.repeat(1)): pass"),
    ("sorted without end", "import itertools\nsorted(itertools.repeat(1))"),
    ("counter without end", "import collections, itertools\ncollections.Counter(itertools.repeat(1))"),
    ("disjoint without end", "import itertools\n{1}.isdisjoint(itertools.repeat(2))"),
    ("minimum mapped without end", "import itertools\nmin(map(int, itertools.repeat('1')))"),
    ("chain of nothing", "import itertools\nnext(itertools.chain.from_iterable(itertools.repeat(())))"),
    ("islice far away", "import itertools\nnext(itertools.islice(range(10**12), 10**11, None))"),
    ("keys walked", "d = dict.fromkeys(range(10**5))\nwhile True: max(iter(d))"),
    ("permutations of many", "import itertools\nx = itertools.permutations(range(10**4))\nwhile True: next(x)"),
    ("bits of large numbers", "x = 1 << 10**7\nwhile True: x & x"),
    ("bits of large numbers by name", "x = 1 << 10**7\nwhile True: x.__or__(x)"),
    ("large number negated", "x = 1 << 10**7\nwhile True: -x"),
    ("large number inverted", "x = 1 << 10**7\nwhile True: ~x"),
    ("large number shifted back", "x = 1 << 10**7\nwhile True: x >> 1"),
    ("large number made positive", "x = -1 << 10**7\nwhile True: abs(x)"),
    ("bits counted", "x = (1 << 10**7) - 1\nwhile True: x.bit_count()"),
    ("large number hashed", "x = 1 << 10**7\nwhile True: hash(x)"),
    ("large number in an f-string", "x = 1 << 10**6\nwhile True: f'{x}'"),
    ("large number in an f-string, warm", "def f(x):\n    while True: f'{x}'\nf(1 << 10**6)"),
    ("hexadecimal", "x = 1 << 10**7\nwhile True: hex(x)"),
    ("octal", "x = 1 << 10**7\nwhile True: oct(x)"),
    ("binary", "x = 1 << 10**7\nwhile True: bin(x)"),
    ("digits of another base", "x = 'f' * 10**6\nwhile True: int(x, 16)"),
    ("quotients", "x = 3 ** 10**5\nwhile True: divmod(x, 7 ** 10**4)"),
    ("modular power", "x = 3 ** 10**4\nwhile True: pow(x, x, x + 1)"),
    ("division", "x = 3 ** 10**6\ny = x + 1\nwhile True: x / y"),
    ("number from bytes", "x = b'a' * 10**6\nwhile True: int.from_bytes(x, 'big')"),
    ("float with many digits", "while True: f'{1.5:.100000f}'"),
    ("fraction", "from fractions import Fraction\nx = Fraction(1, 3)\nwhile True: x = x * x"),
    ("decimal", "from decimal import Decimal, getcontext\ngetcontext().prec = 10**6\nx = Decimal(1) / 3\nwhile True: x * x"),
    ("text under another name", "def f(x):\n    s = str\n    while True: s(x)\nf(1 << 10**6)"),
    ("tuple under another name", "def f(x):\n    t = tuple\n    while True: t(x)\nf([0] * 10**6)"),
    ("text in a tuple of functions", "def f(x):\n    for s in iter(lambda: str, 1): s(x)\nf([0] * 10**5)"),
    ("compression", "import zlib\nx = bytes(10**6)\nwhile True: zlib.compress(x)"),
    ("decompression", "import zlib\nx = zlib.compress(bytes(10**6))\nwhile True: zlib.decompress(x)"),
    ("checksum", "import zlib\nx = bytes(10**6)\nwhile True: zlib.crc32(x)"),
    ("base64", "import base64\nx = bytes(10**6)\nwhile True: base64.b64encode(x)"),
    ("digest", "import hashlib\nx = bytes(10**6)\nwhile True: hashlib.sha256(x)"),
    ("digest updated", "import hashlib\nx = bytes(10**6)\nh = hashlib.md5()\nwhile True: h.update(x)"),
    ("sum of floats", "import math\nx = [0.0] * 10**5\nwhile True: math.fsum(x)"),
    ("distance", "import math\nx = [0.0] * 10**5\nwhile True: math.dist(x, x)"),
    ("pool of a product", "import itertools\nx = [0] * 10**6\nwhile True: itertools.product(x)"),
    ("translation", "x = 'a' * 10**6\nwhile True: x.translate({97: 98})"),
    ("structure", "import struct\nwhile True: struct.pack('10000000x')"),
    ("structure unpacked", "import struct\nx = bytes(10**6)\nwhile True: struct.unpack('1000000b', x)"),
    ("memory view", "x = memoryview(bytes(10**6))\nwhile True: x.tolist()"),
    ("memory views compared", "x = memoryview(bytes(10**6))\ny = memoryview(bytes(10**6))\nwhile True: x == y"),
    ("normal form", "import unicodedata\nx = 'é' * 10**5\nwhile True: unicodedata.normalize('NFD', x)"),
    ("json of text", "import json\nx = 'a' * 10**6\nwhile True: json.dumps(x)"),
    ("json read", "import json\nx = '[' + '1,' * 10**5 + '1]'\nwhile True: json.loads(x)"),
    ("prefix", "x = 'a' * 10**7\nwhile True: x.startswith(x)"),
    ("html escaped", "import html\nx = '&' * 10**6\nwhile True: html.escape(x)"),
    ("deque turned", "import collections\nx = collections.deque([0] * 10**6)\nwhile True: x.rotate(5 * 10**5)"),
    ("sorted by comparison", "import functools\nx = [0] * 1000\nwhile True: sorted(x, key=functools.cmp_to_key(lambda a, b: 0))"),
    ("shuffled", "import random\nx = [0] * 10**5\nwhile True: random.shuffle(x)"),
];

#[test]
fn what_grows_is_charged_before_it_runs() {
    assert!(GROWING.len() >= 60);
    all(GROWING, |(name, source)| {
        let mut wanted = program(source);
        wanted.limits.fuel = FUEL;
        match run_within(&wanted, WALL, 3 << 30) {
            Outcome::Ended(ending) if ending.status == RunStatus::OutOfFuel && ending.fuel == FUEL => Ok(()),
            other => Err(format!("{name}: {other:?}")),
        }
    });
}

#[test]
fn ordinary_values_compare_hash_and_print_as_before() {
    let source = "from collections import Counter, deque, namedtuple\nP = namedtuple('P', 'a b')\nprint(P(1, 2) == (1, 2), hash(P(1, 2)) == hash((1, 2)), P(1, 2), Counter('aab'), deque([1]))\nx = [1]\ny = x\nx += [2]\nprint(y, x < [1, 3], {1} | {2}, {**{1: 2}}, 3 - 1.5, 'a' + 'b', f'{10**30} {[1]!r}', [1, 2, 3][::-1])\na, *b = range(5)\nprint(a, b, isinstance(1, (int, str)), -(2**70), 5 & 3, ~5, hex(255))\nmatch [1, 2, 3]:\n    case [q, *r]: print(q, r)\ndef h():\n    v = yield 5\n    return v\ndef g():\n    yield from [1, 2]\n    r = yield from h()\n    print('returned', r)\n    yield 0\nG = g()\nprint(next(G), next(G), next(G), G.send(9))\n";
    let wanted = "True True P(a=1, b=2) Counter({'a': 2, 'b': 1}) deque([1])\n[1, 2] True {1, 2} {1: 2} 1.5 ab 1000000000000000000000000000000 [1] [3, 2, 1]\n0 [1, 2, 3, 4] True -1180591620717411303424 1 -6 0xff\n1 [2, 3]\nreturned 9\n1 2 5 0\n";
    let ending = run_within(&program(source), WALL, 3 << 30).ending();
    assert_eq!((ending.status, String::from_utf8_lossy(&ending.stdout).as_ref()), (RunStatus::Completed, wanted));
    assert!(ending.fuel < 200, "{}", ending.fuel);
}
