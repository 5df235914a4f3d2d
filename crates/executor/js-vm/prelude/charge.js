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
const square = (value) => (isLarge(value) ? (words(value) ** 2) / 256 + 1 : 0);

const sizeOf = (value) => {
  if (typeof value === 'string') return value.length / 128;
  if (typeof value === 'bigint') return square(value);
  if (typeof value !== 'object' || value === null) return 0;
  if (isArray(value)) return value.length / 16;
  if (isView(value)) return (attempt(viewLength, value) ?? 0) / 64;
  const size = attempt(mapSize, value) ?? attempt(setSize, value) ?? attempt(bufferLength, value);
  return size === undefined ? 0 : size / 16;
};

// What a generic method of Array would take for the length of an object that is no array.
const likeLength = (value) => {
  for (let at = value; at !== null && typeof at === 'object'; at = getPrototypeOf(at)) {
    const found = getOwnPropertyDescriptor(at, 'length');
    if (found === undefined) continue;
    if (!('value' in found)) {
      if (isView(value)) return viewLength(value);
      throw new TypeError('a length that is computed is outside the subset');
    }
    return typeof found.value === 'number' && found.value > 0 ? found.value : 0;
  }
  return 0;
};
const receiver = (value) => {
  if (typeof value === 'string' || isArray(value)) return sizeOf(value);
  return typeof value === 'object' && value !== null ? likeLength(value) / 16 : 0;
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
const linear = (self, args) => receiver(self) + all(args);
for (const name of LINEAR) {
  if (CONSTANT.has(name)) continue;
  wrap(Array.prototype, name, linear);
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
const sorting = (self) => {
  const length = receiver(self) * 16;
  return (length * Math.log2(length + 2)) / 4;
};
wrapAll(Array.prototype, ['sort', 'toSorted'], sorting);
wrapAll(TypedArray.prototype, ['sort', 'toSorted'], sorting);
wrapAll(TypedArray.prototype, ['set', 'join', 'subarray', 'toString'], linear, sizeOf);
wrapAll(Array.prototype, ['join', 'toString'], (self, args) => receiver(self) * (1 + sizeOf(args[0]) * 16), sizeOf);
wrapAll(Array, ['from', 'of'], (self, args) => {
  const source = args[0];
  const isLike = typeof source === 'object' && source !== null && source[Symbol.iterator] === undefined;
  return all(args) + (isLike ? likeLength(source) / 16 : 0);
});
wrapAll(TypedArray, ['from', 'of'], (self, args) => all(args) + (typeof args[0] === 'object' ? receiver(args[0]) : 0));

wrapAll(String.prototype, [
  'at', 'concat', 'endsWith', 'includes', 'indexOf', 'lastIndexOf', 'localeCompare', 'match', 'matchAll', 'normalize',
  'search', 'slice', 'startsWith', 'substr', 'substring', 'toLowerCase', 'toUpperCase', 'trim', 'trimEnd', 'trimStart',
  'isWellFormed', 'toWellFormed',
], linear);
wrapAll(String.prototype, ['replace', 'replaceAll', 'split'], linear, sizeOf);
const count = (value) => (typeof value === 'number' && value > 0 ? value : 0);
wrap(String.prototype, 'repeat', (self, args) => (typeof self === 'string' ? self.length : 1) * count(args[0]) / 128);
wrapAll(String.prototype, ['padStart', 'padEnd'], (self, args) => count(args[0]) / 128);
wrapAll(String, ['fromCharCode', 'fromCodePoint'], (self, args) => args.length / 16);
wrap(String, 'raw', (self, args) => args.length, sizeOf);
wrapAll(RegExp.prototype, ['exec', 'test', Symbol.match, Symbol.matchAll, Symbol.replace, Symbol.search, Symbol.split],
  (self, args) => 1 + all(args) * 8, sizeOf);

wrapAll(Object, ['assign', 'entries', 'fromEntries', 'getOwnPropertyDescriptors', 'getOwnPropertyNames', 'groupBy', 'keys',
  'values', 'freeze', 'seal', 'defineProperties'], (self, args) => all(args), sizeOf);
wrap(Map, 'groupBy', (self, args) => all(args));
wrapAll(Reflect, ['ownKeys'], (self, args) => all(args), sizeOf);
wrapAll(Reflect, ['apply', 'construct'], (self, args) => all(args) + 1);
wrap(Function.prototype, 'apply', (self, args) => all(args));
wrap(JSON, 'parse', (self, args) => all(args) * 8);
wrap(JSON, 'stringify', (self, args) => all(args), (text) => sizeOf(text) * 4);
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
wrapAll(BigInt, ['asIntN', 'asUintN'], (self, args) => count(args[0]) / 1024 + all(args));

const filling = (args) => all(args) + (typeof args[0] === 'number' ? count(args[0]) / 64 : 0);
for (const name of ['ArrayBuffer', 'BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array', 'Int16Array',
  'Int32Array', 'Int8Array', 'Map', 'RegExp', 'Set', 'Uint16Array', 'Uint32Array', 'Uint8Array', 'Uint8ClampedArray',
  'WeakMap', 'WeakSet']) wrapClass(name, filling);
wrapClass('BigInt', (args) => (typeof args[0] === 'string' ? (args[0].length / 19) ** 2 / 256 : 0));
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
  const sum = left + right;
  if (typeof sum === 'string' && sum.length > 127) charge(sum.length / 128);
  return sum;
};
const hookText = (value) => {
  if (typeof value === 'bigint' || typeof value === 'string') charge(sizeOf(value));
  return value;
};
const product = (left, right) => (isLarge(left) || isLarge(right) ? (words(left) * words(right)) / 256 + 1 : 0);
const power = (base, exponent) => {
  if (exponent < 0n || exponent > 10000000n) return Number.MAX_SAFE_INTEGER * (exponent > 0n && base * base > 1n ? 1 : 0);
  return ((words(base) * Number(exponent) * (isLarge(base) ? 1 : bits(base) / 64)) ** 2) / 256;
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
    default:
      return left + right;
  }
};
