// Work that grows with its operands is charged before it is done. Sizes are read from what no program can fake:
// own lengths of true arrays, byte lengths of typed arrays and sizes of true maps and sets.
const { apply, construct, ownKeys, getPrototypeOf, getOwnPropertyDescriptor, defineProperty } = Reflect;
const uncurry = (method) => (self, ...args) => apply(method, self, args);
const isArray = Array.isArray;
const isView = ArrayBuffer.isView;
const TypedArray = getPrototypeOf(Uint8Array);
const getterOf = (object, name) => uncurry(getOwnPropertyDescriptor(object, name).get);
const viewLength = getterOf(TypedArray.prototype, 'length');
const dataViewLength = getterOf(DataView.prototype, 'byteLength');
const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
const mapSize = getterOf(Map.prototype, 'size');
const setSize = getterOf(Set.prototype, 'size');
const attempt = (read, value) => {
  try {
    return read(value);
  } catch {
    return undefined;
  }
};
const isMap = (value) => attempt(mapSize, value) !== undefined;
const isSet = (value) => attempt(setSize, value) !== undefined;
const { charge } = N;
const bits = (value) => Math.log2(Math.abs(Number(value)) + 1);
const EIGHT_WORDS = 1n << 512n;
const isLarge = (value) => value >= EIGHT_WORDS || value <= -EIGHT_WORDS;
const bigToHex = uncurry(BigInt.prototype.toString);
// Hexadecimal digits are written in linear time; the length is all that is wanted.
const words = (value) => (isLarge(value) ? bigToHex(value, 16).length / 16 : 1);
const square = (value) => (isLarge(value) ? (words(value) ** 2) / 128 + 1 : 0);

const sizeOf = (value) => {
  if (typeof value === 'string') return value.length / 128;
  if (typeof value === 'bigint') return square(value);
  if (typeof value !== 'object' || value === null) return 0;
  if (isArray(value)) return value.length / 16;
  if (isView(value)) return (attempt(viewLength, value) ?? 0) / 64;
  const size = attempt(mapSize, value) ?? attempt(setSize, value) ?? attempt(bufferLength, value);
  return size === undefined ? 0 : size / 16;
};

const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
const inherited = (value, key) => {
  for (let at = value; isObject(at); at = getPrototypeOf(at)) {
    const found = getOwnPropertyDescriptor(at, key);
    if (found !== undefined) return found;
  }
  return undefined;
};
// What a generic method of Array would take for the length of an object that is no array.
const likeLength = (value) => {
  const found = inherited(value, 'length');
  if (found === undefined) return 0;
  if (!('value' in found) || isObject(found.value)) {
    if (isView(value)) return viewLength(value);
    throw new TypeError('a length that is computed is outside the subset');
  }
  const length = attempt(Number, found.value) ?? 0;
  return length > 0 ? length : 0;
};
// Whether an object is taken for an iterable, which it cannot change between two questions.
const iterates = (value) => {
  if (!isObject(value)) return false;
  const found = inherited(value, Symbol.iterator);
  if (found !== undefined && !('value' in found)) throw new TypeError('an iterator that is computed is outside the subset');
  return found !== undefined && found.value !== undefined && found.value !== null;
};
const listLike = (value) => (isObject(value) && !iterates(value) ? likeLength(value) / 16 : 0);
const receiver = (value) => {
  if (typeof value === 'string' || isArray(value)) return sizeOf(value);
  return isObject(value) ? likeLength(value) / 16 : 0;
};
const all = (args) => {
  let sum = 0;
  for (let at = 0; at < args.length; at += 1) sum += sizeOf(args[at]);
  return sum;
};

// Wrapped functions show themselves as native ones.
const disguised = new WeakSet();
const disguisedHas = uncurry(WeakSet.prototype.has);
const disguise = (made, original) => {
  defineProperty(made, 'name', { value: original.name, configurable: true });
  defineProperty(made, 'length', { value: original.length, configurable: true });
  disguised.add(made);
  return made;
};
const wrap = (holder, name, before, after) => {
  const found = getOwnPropertyDescriptor(holder, name);
  if (found === undefined || typeof found.value !== 'function') return;
  const original = found.value;
  const made = {
    method(...args) {
      charge(before(this, args));
      const result = apply(original, this, args);
      if (after !== undefined) charge(after(result));
      return result;
    },
  }.method;
  found.value = disguise(made, original);
  defineProperty(holder, name, found);
};
const wrapAll = (holder, names, before, after) => {
  for (const name of names) wrap(holder, name, before, after);
};
const wrapClass = (name, before) => {
  const original = globalThis[name];
  const made = function (...args) {
    charge(before(args));
    if (new.target === undefined) return apply(original, undefined, args);
    return construct(original, args, new.target);
  };
  disguise(made, original);
  for (const key of ownKeys(original)) {
    if (key !== 'name' && key !== 'length') defineProperty(made, key, getOwnPropertyDescriptor(original, key));
  }
  Object.setPrototypeOf(made, getPrototypeOf(original));
  defineProperty(original.prototype, 'constructor', { value: made, writable: true, configurable: true });
  defineProperty(globalThis, name, { value: made, writable: true, configurable: true });
};

const LINEAR = [
  'concat', 'copyWithin', 'entries', 'every', 'fill', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex',
  'forEach', 'includes', 'indexOf', 'keys', 'lastIndexOf', 'map', 'reduce', 'reduceRight', 'reverse', 'slice', 'some',
  'splice', 'toReversed', 'toSpliced', 'values', 'with',
];
const CONSTANT = new Set(['entries', 'keys', 'values']);
const SEARCHES = new Set(['includes', 'indexOf', 'lastIndexOf']);
const linear = (self, args) => receiver(self) + all(args);
// Each element may be compared to its end with a text that is as long.
const searching = (self, args) => {
  const length = typeof args[0] === 'string' && typeof self !== 'string' ? args[0].length : 0;
  return linear(self, args) * (1 + (length > 256 ? length / 256 : 0));
};
const concatenating = (self, args) => {
  let sum = linear(self, args);
  for (let at = -1; at < args.length; at += 1) {
    const value = at < 0 ? self : args[at];
    if (isObject(value) && !isArray(value) && inherited(value, Symbol.isConcatSpreadable) !== undefined) sum += likeLength(value) / 16;
  }
  return sum;
};
for (const name of LINEAR) {
  if (CONSTANT.has(name)) continue;
  wrap(Array.prototype, name, name === 'concat' ? concatenating : SEARCHES.has(name) ? searching : linear);
  wrap(TypedArray.prototype, name, linear);
}
wrapAll(Array.prototype, ['shift', 'unshift'], (self) => receiver(self) / 8);
const flatten = (list, depth) => {
  charge(1 + list.length / 16);
  if (depth <= 0) return 0;
  for (let at = 0; at < list.length; at += 1) if (isArray(list[at])) flatten(list[at], depth - 1);
  return 0;
};
wrap(Array.prototype, 'flat', (self, args) => {
  const depth = args[0] === undefined ? 1 : typeof args[0] === 'number' ? args[0] : Infinity;
  return isArray(self) ? flatten(self, depth) : receiver(self);
});
wrap(Array.prototype, 'flatMap', linear, sizeOf);
// What the elements of a list cost as texts.
const textsOf = (self) => {
  if (!isArray(self)) return 0;
  let sum = 0;
  for (let at = 0; at < self.length; at += 1) {
    const found = getOwnPropertyDescriptor(self, at);
    if (found !== undefined && (typeof found.value === 'string' || typeof found.value === 'bigint')) sum += sizeOf(found.value);
  }
  return sum;
};
const sorting = (self, args) => {
  const length = receiver(self) * 16;
  return (length / 4 + (args[0] === undefined ? textsOf(self) / 8 : 0)) * Math.log2(length + 2);
};
wrapAll(Array.prototype, ['sort', 'toSorted'], sorting);
wrapAll(TypedArray.prototype, ['sort', 'toSorted'], sorting);
wrapAll(TypedArray.prototype, ['set', 'join', 'subarray', 'toString'], linear, sizeOf);
wrapAll(Array.prototype, ['join', 'toString'], (self, args) => receiver(self) * (1 + sizeOf(args[0]) * 16) + textsOf(self) + 1 / 16);
wrapAll(Array, ['from', 'of'], (self, args) => all(args) + listLike(args[0]));
wrapAll(TypedArray, ['from', 'of'], (self, args) => all(args) + listLike(args[0]));

// Methods of texts read their object as text, and some their arguments: what that gives is what is charged.
const TEXTS = new Map([['concat', Infinity], ['endsWith', 1], ['includes', 1], ['indexOf', 1], ['lastIndexOf', 1], ['startsWith', 1],
  ['padStart', 2], ['padEnd', 2]]);
const textOf = String;
const textsHas = uncurry(Map.prototype.get);
const wrapText = (name, before, after) => {
  const found = getOwnPropertyDescriptor(String.prototype, name);
  if (found === undefined) return;
  const original = found.value;
  const count = textsHas(TEXTS, name) ?? 0;
  const made = {
    method(...args) {
      const self = isObject(this) ? textOf(this) : this;
      for (let at = count === 2 ? 1 : 0; at < args.length && at < count; at += 1) {
        if (isObject(args[at]) && args[at][Symbol.match] === undefined) args[at] = textOf(args[at]);
      }
      charge(before(self, args));
      const result = apply(original, self, args);
      if (after !== undefined) charge(after(result));
      return result;
    },
  }.method;
  found.value = disguise(made, original);
  defineProperty(String.prototype, name, found);
};
const wrapTexts = (names, before, after) => {
  for (const name of names) wrapText(name, before, after);
};

wrapTexts([
  'at', 'concat', 'endsWith', 'includes', 'indexOf', 'lastIndexOf', 'localeCompare', 'match', 'matchAll', 'search', 'slice',
  'startsWith', 'substr', 'substring', 'trim', 'trimEnd', 'trimStart', 'isWellFormed', 'toWellFormed',
], linear);
wrapTexts(['toLowerCase', 'toUpperCase'], (self) => receiver(self) * 8);
wrapTexts(['normalize'], (self) => receiver(self) * 32);
wrapTexts(['replace', 'replaceAll', 'split'], linear, sizeOf);
const count = (value) => (typeof value === 'number' && value > 0 ? value : 0);
wrapTexts(['repeat'], (self, args) => (typeof self === 'string' ? self.length : 1) * count(args[0]) / 128);
wrapTexts(['padStart', 'padEnd'], (self, args) => count(args[0]) / 128);
wrapAll(String, ['fromCharCode', 'fromCodePoint'], (self, args) => args.length / 16);
wrap(String, 'raw', (self, args) => args.length, sizeOf);
// Looking behind goes over the text without counting its steps.
const sourceOf = getterOf(RegExp.prototype, 'source');
const find = uncurry(String.prototype.includes);
const behind = (self, args) => {
  const source = attempt(sourceOf, self) ?? '';
  if (!find(source, '(?<=') && !find(source, '(?<!')) return 0;
  return typeof args[0] === 'string' ? args[0].length ** 2 / 256 : 0;
};
wrapAll(RegExp.prototype, ['exec', 'test', Symbol.match, Symbol.matchAll, Symbol.replace, Symbol.search, Symbol.split],
  (self, args) => 1 + all(args) / 8 + behind(self, args), sizeOf);

const keysIn = (value) => (isObject(value) && !isArray(value) ? ownKeys(value).length / 16 : 0);
wrapAll(Object, ['getOwnPropertySymbols', 'isFrozen', 'isSealed', 'freeze', 'seal'], (self, args) => all(args) + keysIn(args[0]));
wrapAll(Object, ['assign', 'entries', 'fromEntries', 'getOwnPropertyDescriptors', 'getOwnPropertyNames', 'groupBy', 'keys',
  'values', 'defineProperties'], (self, args) => all(args), sizeOf);
wrap(Map, 'groupBy', (self, args) => all(args));
wrapAll(Reflect, ['ownKeys'], (self, args) => all(args), sizeOf);
wrapAll(Reflect, ['apply', 'construct'], (self, args) => all(args) + 1);
wrap(Function.prototype, 'apply', (self, args) => all(args));
wrap(JSON, 'parse', (self, args) => all(args) * 8);
wrap(JSON, 'stringify', (self, args) => all(args) + keysIn(args[0]), (text) => sizeOf(text) * 4);
wrapAll(Promise, ['all', 'allSettled', 'any', 'race'], (self, args) => 1 + all(args));
wrapAll(Map.prototype, ['clear', 'forEach'], (self) => sizeOf(self));
wrapAll(Set.prototype, ['clear', 'difference', 'forEach', 'intersection', 'isDisjointFrom', 'isSubsetOf', 'isSupersetOf',
  'symmetricDifference', 'union'], (self, args) => sizeOf(self) + all(args));
wrap(ArrayBuffer.prototype, 'slice', (self) => sizeOf(self));
wrap(ArrayBuffer.prototype, 'resize', (self, args) => count(args[0]) / 64);
wrapAll(globalThis, ['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'parseFloat', 'parseInt'],
  (self, args) => all(args) * 2, sizeOf);
wrapAll(Math, ['max', 'min', 'hypot'], (self, args) => args.length / 16);
wrap(BigInt.prototype, 'toString', (self) => (typeof self === 'bigint' ? square(self) : 0));
// A text that is read as a large integer.
const digits = (value) => (typeof value === 'string' && value.length > 154 ? (value.length / 19) ** 2 / 128 : 0);
wrapAll(BigInt, ['asIntN', 'asUintN'], (self, args) => count(args[0]) / 1024 + all(args) + digits(args[1]));

const filling = (args) => all(args) + (typeof args[0] === 'number' ? count(args[0]) / 64 : 0);
for (const name of ['ArrayBuffer', 'RegExp']) wrapClass(name, filling);
// Every element is looked up.
for (const name of ['Map', 'Set', 'WeakMap', 'WeakSet']) wrapClass(name, (args) => all(args) * 4);
for (const name of ['BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array', 'Int16Array', 'Int32Array', 'Int8Array',
  'Uint16Array', 'Uint32Array', 'Uint8Array', 'Uint8ClampedArray']) wrapClass(name, (args) => filling(args) + listLike(args[0]));
wrapClass('BigInt', (args) => digits(args[0]));
wrapClass('String', (args) => (typeof args[0] === 'bigint' ? square(args[0]) : 0));
const nativeSource = uncurry(Function.prototype.toString);
wrap(Function.prototype, 'toString', () => 1, sizeOf);
{
  const found = getOwnPropertyDescriptor(Function.prototype, 'toString');
  const shown = found.value;
  found.value = disguise({
    method() {
      return disguisedHas(disguised, this) ? `function ${this.name}() {\n    [native code]\n}` : apply(shown, this, []);
    },
  }.method, shown);
  defineProperty(Function.prototype, 'toString', found);
}

// The operators of the language, where they can be slow.
const hookSpread = (value) => {
  charge(sizeOf(value));
  if (typeof value === 'object' && value !== null && !isArray(value)) charge(ownKeys(value).length / 16);
  return value;
};
const hookAdd = (left, right) => {
  if (typeof left === 'bigint' || typeof right === 'bigint') charge(sizeOf(left) + sizeOf(right));
  return left + right;
};
const hookText = (value) => {
  if (typeof value === 'bigint' || typeof value === 'string') charge(sizeOf(value));
  return value;
};
const product = (left, right) => (isLarge(left) || isLarge(right) ? (words(left) * words(right)) / 128 + 1 : 0);
const power = (base, exponent) => {
  if (exponent < 0n || exponent > 10000000n) return Number.MAX_SAFE_INTEGER * (exponent > 0n && base * base > 1n ? 1 : 0);
  return ((words(base) * Number(exponent) * (isLarge(base) ? 1 : bits(base) / 64)) ** 2) / 128;
};
const hookBig = (operator, left, right) => {
  const isBig = typeof left === 'bigint' && typeof right === 'bigint';
  switch (operator) {
    case '*':
      if (isBig) charge(product(left, right));
      return left * right;
    case '/':
      if (isBig) charge(product(left, right));
      return left / right;
    case '%':
      if (isBig) charge(product(left, right));
      return left % right;
    case '**':
      if (isBig) charge(power(left, right));
      return left ** right;
    case '-':
      if (isBig && (isLarge(left) || isLarge(right))) charge((words(left) + words(right)) / 512);
      return left - right;
    case '+':
      return left + right;
    default:
  }
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
// The right side of `a.b *= value`, whose left side is not known: the widest that the engine makes.
const hookWorst = (operator, value) => {
  if (typeof value === 'bigint') charge(operator === '**' ? (value > 1n ? 1048576 : 1) : words(value) * 64);
  return value;
};
