// Assertions. Whether two values are equal is decided here, by what they are, never by methods of the candidate.
class AssertionError extends Error {
  constructor(options) {
    super(options?.message);
    this.code = 'ERR_ASSERTION';
    this.actual = options?.actual;
    this.expected = options?.expected;
    this.operator = options?.operator;
  }

  get name() {
    return 'AssertionError';
  }

  set name(_) {}
}
const raised = new WeakSet();
const isRaised = uncurry(WeakSet.prototype.has);
const isError = (value) => typeof value === 'object' && value !== null && N.isError(value);
// Failed assertions of tests that no code of a test has handled since: what else swallows them changes nothing.
const pending = new Set();
const handled = (error) => pending.delete(error);
const raise = (isOfTest, error) => {
  if (isOfTest && isObject(error)) pending.add(error);
  throw error;
};
const short = (value) => {
  const text = attempt(inspect, value) ?? '?';
  return text.length > 150 ? `${text.slice(0, 150)}...` : text;
};

// What an object of the program itself says under a name, if it is no built-in object that says it.
const ownAnswer = (value, key) => {
  for (let at = value; at !== null; at = getPrototypeOf(at)) {
    const found = getOwnPropertyDescriptor(at, key);
    if (found !== undefined) return isIntrinsic(intrinsics, at) ? undefined : found;
  }
  return undefined;
};
const isForeign = (value) => typeof value === 'function' && !isIntrinsic(intrinsics, value) && !isOfTests(value);
const isDeciding = (found) => {
  if (found === undefined) return false;
  if (!('value' in found)) return isForeign(found.get);
  return typeof found.value === 'function' ? isForeign(found.value) : isObject(found.value);
};
// Whether comparing with a plain value would ask the object's own methods.
const CONVERSIONS = [Symbol.toPrimitive, 'valueOf', 'toString', Symbol.toStringTag];
const DEEPEST = 50;
const decides = (value, depth = 0) => {
  if (!isObject(value)) return false;
  charge(1);
  if (CONVERSIONS.some((key) => isDeciding(ownAnswer(value, key)))) return true;
  if (isError(value) && ['name', 'message'].some((key) => isDeciding(ownAnswer(value, key)))) return true;
  if (!isArray(value) && !isView(value)) return false;
  if (depth > DEEPEST || isDeciding(ownAnswer(value, 'join'))) return true;
  for (let at = 0; isArray(value) && at < value.length; at += 1) {
    const found = getOwnPropertyDescriptor(value, at);
    if (found !== undefined && (!('value' in found) || decides(found.value, depth + 1))) return true;
  }
  return false;
};
const watch = (operator, left, right) => {
  if (!isObject(left) && !isObject(right)) return;
  if (isObject(left) && isObject(right)) {
    // Equality is identity; an order of two objects is their own when both make it.
    if (operator === '==' || operator === '!=' || decides(left) === decides(right)) return;
  } else if (!decides(left) && !decides(right)) return;
  {
    N.forged('forged_comparison', `the test compares ${isObject(left) ? 'an object' : short(left)} ${operator} ${isObject(right)
      ? 'an object' : short(right)}, and the object's own conversion would decide it, which could make any test pass`);
  }
};
const isInstance = (value, maker) => {
  if (typeof maker === 'function') {
    for (let at = maker; at !== null; at = getPrototypeOf(at)) {
      if (getOwnPropertyDescriptor(at, Symbol.hasInstance) !== undefined && !isIntrinsic(intrinsics, at)) {
        N.forged('forged_comparison', 'a class of the program would decide instanceof itself');
      }
    }
  } else if (isObject(maker)) {
    N.forged('forged_comparison', 'an object of the program would decide instanceof itself');
  }
  return value instanceof maker;
};
const compare = (operator, left, right) => {
  charge(1);
  switch (operator) {
    case '===': return left === right;
    case '!==': return left !== right;
    case 'instanceof': return isInstance(left, right);
    default:
  }
  watch(operator, left, right);
  if (typeof left === 'bigint') charge(digits(right));
  else if (typeof right === 'bigint') charge(digits(left));
  switch (operator) {
    case '==': return left == right;
    case '!=': return left != right;
    case '<': return left < right;
    case '>': return left > right;
    case '<=': return left <= right;
    default: return left >= right;
  }
};

const kindOf = (value) => {
  if (isArray(value)) return 'array';
  if (isView(value)) return 'view';
  if (isMap(value)) return 'map';
  if (isSet(value)) return 'set';
  if (attempt(dateValue, value) !== undefined) return 'date';
  if (attempt(regexSource, value) !== undefined) return 'regex';
  if (N.isError(value)) return 'error';
  if (attempt(bufferLength, value) !== undefined) return 'buffer';
  // What is in these cannot be seen: two of them are never taken for equal.
  if (N.promise(value) !== undefined || isWeak(value) || iteratorHas(iteratorPrototype, value)) return 'closed';
  const box = unbox(value);
  if (box !== undefined) return box.base;
  return classOf(value) === '[object Arguments]' ? 'arguments' : typeof value;
};
const iteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));
const iteratorHas = uncurry(Object.prototype.isPrototypeOf);
const viewBuffer = getterOf(TypedArray.prototype, 'buffer');
const viewOffset = getterOf(TypedArray.prototype, 'byteOffset');
const dataBuffer = getterOf(DataView.prototype, 'buffer');
const dataOffset = getterOf(DataView.prototype, 'byteOffset');
const bytesOf = (value) => {
  if (!isView(value)) return new Uint8Array(value);
  const length = attempt(dataViewLength, value);
  return length === undefined ? undefined : new Uint8Array(dataBuffer(value), dataOffset(value), length);
};
const sameBytes = (left, right) => {
  const [mine, theirs] = [bytesOf(left), bytesOf(right)];
  if (mine === undefined || theirs === undefined || mine.length !== theirs.length) return false;
  charge(mine.length / 16);
  return mine.every((byte, at) => byte === theirs[at]);
};
const keysOf = (value, isStrict) => ownKeys(value).filter((key) => {
  if (typeof key === 'symbol' && !isStrict) return false;
  return getOwnPropertyDescriptor(value, key)?.enumerable === true;
});
const mapHas = uncurry(Map.prototype.has);
const mapGet = uncurry(Map.prototype.get);
const setHas = uncurry(Set.prototype.has);
const listOf = (each, value) => {
  const out = [];
  each(value, (item, key) => out.push([key, item]));
  return out;
};
const matched = (left, right, isStrict, seen, whole) => {
  const rest = [...right];
  for (const item of left) {
    const at = rest.findIndex((other) => equal(item[0], other[0], isStrict, [...seen]) &&
      (!whole || equal(item[1], other[1], isStrict, [...seen])));
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return rest.length === 0;
};
const sameContent = (kind, left, right, isStrict, seen) => {
  switch (kind) {
    case 'array':
      return left.length === right.length;
    case 'view': {
      const length = attempt(viewLength, left);
      if (length === undefined) return sameBytes(left, right);
      if (length !== attempt(viewLength, right)) return false;
      charge(length / 16);
      for (let at = 0; at < length; at += 1) if (!Object.is(left[at], right[at])) return false;
      return true;
    }
    case 'date':
      return Object.is(dateValue(left), dateValue(right));
    case 'regex':
      return regexText(left) === regexText(right) && left.lastIndex === right.lastIndex;
    case 'error':
      return Object.is(left.message, right.message) && Object.is(left.name, right.name);
    case 'map':
      if (mapSize(left) !== mapSize(right)) return false;
      if (listOf(mapEach, left).every(([key, item]) => mapHas(right, key) && equal(item, mapGet(right, key), isStrict, seen))) return true;
      return matched(listOf(mapEach, left), listOf(mapEach, right), isStrict, seen, true);
    case 'set':
      if (setSize(left) !== setSize(right)) return false;
      if (listOf(setEach, left).every(([, item]) => setHas(right, item))) return true;
      return matched(listOf(setEach, left), listOf(setEach, right), isStrict, seen, false);
    case 'buffer':
      return sameBytes(left, right);
    case 'closed':
    case 'function':
      return false;
    default:
      return true;
  }
};
function equal(left, right, isStrict, seen) {
  charge(1);
  if (Object.is(left, right)) return true;
  if (!isObject(left) || !isObject(right)) {
    if (isStrict) return false;
    watch('==', left, right);
    return left == right || (left !== left && right !== right);
  }
  if (isStrict && getPrototypeOf(left) !== getPrototypeOf(right)) return false;
  const kind = kindOf(left);
  if (kind !== kindOf(right)) return false;
  for (const pair of seen) if (pair[0] === left && pair[1] === right) return true;
  seen.push([left, right]);
  if (!sameContent(kind, left, right, isStrict, seen)) return false;
  if (kind === 'view') {
    seen.pop();
    return true;
  }
  const keys = keysOf(left, isStrict);
  const others = keysOf(right, isStrict);
  if (keys.length !== others.length) return false;
  for (const key of keys) {
    if (getOwnPropertyDescriptor(right, key)?.enumerable !== true) return false;
    if (!equal(left[key], right[key], isStrict, seen)) return false;
  }
  seen.pop();
  return true;
}
const isDeepEqual = (left, right, isStrict) => equal(left, right, isStrict, []);

// Whether a thrown value is what the test expects.
const isExpected = (error, expected, name) => {
  if (expected === undefined) return true;
  if (typeof expected === 'function') {
    const above = getOwnPropertyDescriptor(expected, 'prototype')?.value;
    if (isObject(above) && isInstance(error, expected)) return true;
    for (let at = expected; at !== null; at = getPrototypeOf(at)) if (at === Error) return false;
    if (attempt(functionText, expected)?.startsWith('class') || !isOfTests(expected)) return false;
    return expected(error) === true;
  }
  if (attempt(regexSource, expected) !== undefined) return regexTest(expected, errorTextOf(error));
  if (isObject(expected)) {
    const keys = isError(expected) ? ['name', 'message', ...keysOf(expected, true)] : keysOf(expected, true);
    return keys.every((key) => {
      const wanted = expected[key];
      if (isObject(wanted) && attempt(regexSource, wanted) !== undefined && typeof error?.[key] === 'string') {
        return regexTest(wanted, error[key]);
      }
      return isObject(error) && key in error && isDeepEqual(error[key], wanted, true);
    });
  }
  throw new TypeError(`${name}: what is expected must be a function, a regular expression or an object`);
};
const errorTextOf = (error) => (isError(error) ? errorText(error) : isObject(error) ? short(error) : primitive(error).replace(/^'|'$/g, ''));

// Whose assertions: a test's, which nobody but the test may swallow, or a candidate's own.
const makeAssert = (isStrictByDefault, isOfTest) => {
  const loose = !isStrictByDefault;
  const fail = (message, usual, actual, expected, operator) => {
    if (isError(message)) raise(isOfTest, message);
    const text = message === undefined ? usual() : String(message);
    const error = new AssertionError({ message: text, actual, expected, operator });
    raised.add(error);
    return raise(isOfTest, error);
  };
  const caught = (error) => {
    if (isOfTest) handled(error);
    return { error };
  };
  const judge = (error, expected, message, name) => {
    if (typeof expected === 'string') return undefined;
    if (isExpected(error, expected, name)) return undefined;
    if (isRaised(raised, error)) raise(isOfTest, error);
    if (typeof expected === 'function' && message === undefined && isError(error)) raise(isOfTest, error);
    return fail(message, () => `${name}: ${short(error)} was thrown, which is not what was expected`, error, expected, name);
  };
  const assert = (value, message) => {
    if (!value) fail(message, () => `${short(value)} is not truthy`, value, true, '==');
  };
  const methods = {
    ok: (value, message) => assert(value, message),
    strictEqual(actual, expected, message) {
      charge(1);
      if (!Object.is(actual, expected)) fail(message, () => `${short(actual)} is not ${short(expected)}`, actual, expected, 'strictEqual');
    },
    notStrictEqual(actual, expected, message) {
      if (Object.is(actual, expected)) fail(message, () => `${short(actual)} is the same`, actual, expected, 'notStrictEqual');
    },
    equal(actual, expected, message) {
      if (!loose) return methods.strictEqual(actual, expected, message);
      watch('==', actual, expected);
      if (!(actual == expected || (actual !== actual && expected !== expected))) {
        fail(message, () => `${short(actual)} == ${short(expected)} does not hold`, actual, expected, '==');
      }
      return undefined;
    },
    notEqual(actual, expected, message) {
      if (!loose) return methods.notStrictEqual(actual, expected, message);
      watch('!=', actual, expected);
      if (actual == expected || (actual !== actual && expected !== expected)) {
        fail(message, () => `${short(actual)} != ${short(expected)} does not hold`, actual, expected, '!=');
      }
      return undefined;
    },
    deepStrictEqual(actual, expected, message) {
      if (!isDeepEqual(actual, expected, true)) fail(message, () => `${short(actual)} is not deeply ${short(expected)}`, actual, expected, 'deepStrictEqual');
    },
    notDeepStrictEqual(actual, expected, message) {
      if (isDeepEqual(actual, expected, true)) fail(message, () => `${short(actual)} is deeply the same`, actual, expected, 'notDeepStrictEqual');
    },
    deepEqual(actual, expected, message) {
      if (!isDeepEqual(actual, expected, !loose)) fail(message, () => `${short(actual)} is not deeply ${short(expected)}`, actual, expected, 'deepEqual');
    },
    notDeepEqual(actual, expected, message) {
      if (isDeepEqual(actual, expected, !loose)) fail(message, () => `${short(actual)} is deeply the same`, actual, expected, 'notDeepEqual');
    },
    fail(message) {
      fail(message, () => 'Failed', undefined, undefined, 'fail');
    },
    ifError(value) {
      if (value !== null && value !== undefined) raise(isOfTest, isError(value) ? value : new Error(`ifError got ${short(value)}`));
    },
    match(text, regex, message) {
      if (typeof text !== 'string' || !regexTest(regex, text)) fail(message, () => `${short(text)} does not match ${regexText(regex)}`, text, regex, 'match');
    },
    doesNotMatch(text, regex, message) {
      if (typeof text === 'string' && regexTest(regex, text)) fail(message, () => `${short(text)} matches ${regexText(regex)}`, text, regex, 'doesNotMatch');
    },
    throws(body, expected, message) {
      let thrown;
      try {
        body();
      } catch (error) {
        thrown = caught(error);
      }
      const text = typeof expected === 'string' ? expected : message;
      if (thrown === undefined) fail(text, () => 'no exception was thrown', undefined, expected, 'throws');
      else judge(thrown.error, expected, text, 'throws');
    },
    doesNotThrow(body, expected, message) {
      try {
        body();
      } catch (error) {
        caught(error);
        fail(typeof expected === 'string' ? expected : message, () => `an exception was thrown: ${errorTextOf(error)}`, error, expected, 'doesNotThrow');
      }
    },
    async rejects(body, expected, message) {
      let thrown;
      try {
        await (typeof body === 'function' ? body() : body);
      } catch (error) {
        thrown = caught(error);
      }
      const text = typeof expected === 'string' ? expected : message;
      if (thrown === undefined) fail(text, () => 'the promise was not rejected', undefined, expected, 'rejects');
      else judge(thrown.error, expected, text, 'rejects');
    },
    async doesNotReject(body, expected, message) {
      try {
        await (typeof body === 'function' ? body() : body);
      } catch (error) {
        caught(error);
        fail(typeof expected === 'string' ? expected : message, () => `the promise was rejected: ${errorTextOf(error)}`, error, expected, 'doesNotReject');
      }
    },
  };
  Object.assign(assert, methods, { AssertionError });
  return assert;
};
const makePair = (isOfTest) => {
  const [loose, strict] = [makeAssert(false, isOfTest), makeAssert(true, isOfTest)];
  loose.strict = strict;
  strict.strict = strict;
  return { loose, strict };
};
const assertsOfTests = makePair(true);
const assertsOfCandidates = makePair(false);

// What test files ask through the hooks.
const madeByTests = new WeakSet();
const wasMade = uncurry(WeakSet.prototype.has);
const hookMade = (value) => {
  if (isObject(value)) madeByTests.add(value);
  return value;
};
// An answer that a test takes for a verdict, by a method that built-in lists, texts and sets have.
const hookAsk = (name, object, ...args) => {
  if (isObject(object) && !wasMade(madeByTests, object) && !isExports(exportsOfFiles, object) && isDeciding(ownAnswer(object, name))) {
    // A cache or a set of the candidate's own answers for itself, unless it says yes to anything.
    if (name !== 'has' || object.has(typeof args[0] === 'string' ? `${args[0]}\u0000` : typeof args[0] === 'number' ? NaN : {})) {
      N.forged('forged_answer', `the test asks an object of the program by ${name}(), which decides the answer itself and could make any test pass`);
    }
  }
  const method = object[name];
  if (typeof method !== 'function') throw new TypeError(`${name} is not a function`);
  return apply(method, object, args);
};
const hookHandled = (...args) => {
  // A pattern took the error apart: it was the last that failed.
  if (args.length > 0) handled(args[0]);
  else handled([...pending].at(-1));
};
const hookHandler = (body) => {
  if (typeof body !== 'function') return body;
  return function (...args) {
    handled(args[0]);
    return apply(body, this, args);
  };
};
