// What a candidate could change so that a test sees something else is frozen; what makes code from text is removed.
const refuseCode = (name) => {
  const made = { method() { throw new TypeError(`${name}: code made from text is never checked`); } }.method;
  const stub = function () { throw new TypeError(`${name}: code made from text is never checked`); };
  defineProperty(stub, 'name', { value: name, configurable: true });
  disguised.add(made);
  disguised.add(stub);
  return stub;
};
const kinds = {
  Function: function () {},
  GeneratorFunction: function* () {},
  AsyncFunction: async function () {},
  AsyncGeneratorFunction: async function* () {},
};
const roots = [];
const functionStub = refuseCode('Function');
for (const name of ['Function', 'GeneratorFunction', 'AsyncFunction', 'AsyncGeneratorFunction']) {
  const prototype = getPrototypeOf(kinds[name]);
  const stub = name === 'Function' ? functionStub : refuseCode(name);
  defineProperty(stub, 'prototype', { value: prototype, writable: false });
  const original = prototype.constructor;
  defineProperty(prototype, 'constructor', { value: stub, writable: true, configurable: true });
  // The constructor itself stays reachable from nowhere but as the prototype of its three siblings.
  if (name === 'Function') Object.setPrototypeOf(original, null);
  else Object.setPrototypeOf(stub, functionStub);
  roots.push(prototype);
}
defineProperty(globalThis, 'Function', { value: functionStub, writable: true, configurable: true });
for (const name of ['eval', 'Proxy', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'performance',
  'DOMException', 'Iterator', 'AsyncIterator', 'escape', 'unescape', 'navigator', 'gc', 'DisposableStack', 'AsyncDisposableStack',
  'SuppressedError', 'InternalError', 'CallSite', 'btoa', 'atob', 'print', 'scriptArgs']) delete globalThis[name];
for (const name of ['__proto__', '__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__']) {
  delete Object.prototype[name];
}
for (const name of ['prepareStackTrace', 'stackTraceLimit', 'captureStackTrace']) delete Error[name];
defineProperty(Error, 'captureStackTrace', {
  value: disguise({ captureStackTrace() {} }.captureStackTrace, { name: 'captureStackTrace', length: 2 }),
  writable: true,
  configurable: true,
});
delete Error.isError;
// Which file a function stands in tells a test's functions from a candidate's; programs do not see it.
const fileOf = getterOf(Function.prototype, 'fileName');
for (const name of ['fileName', 'lineNumber', 'columnNumber']) delete Function.prototype[name];
const isOfTests = (value) => {
  const path = typeof value === 'function' ? attempt(fileOf, value) : undefined;
  return typeof path === 'string' && path.startsWith('/work/') && N.isOracle(path.slice(6));
};

// Virtual time.
{
  const Original = Date;
  const made = function Date(...args) {
    if (new.target === undefined) return new Original(N.now()).toString();
    return construct(Original, args.length === 0 ? [N.now()] : args, new.target);
  };
  for (const key of ['UTC', 'parse']) defineProperty(made, key, getOwnPropertyDescriptor(Original, key));
  disguise(made, Original);
  defineProperty(made, 'now', {
    value: disguise({ now() { return N.now(); } }.now, Original.now), writable: true, configurable: true,
  });
  defineProperty(made, 'prototype', { value: Original.prototype, writable: false });
  defineProperty(Original.prototype, 'constructor', { value: made, writable: true, configurable: true });
  defineProperty(globalThis, 'Date', { value: made, writable: true, configurable: true });
}
defineProperty(Math, 'random', {
  value: disguise({ random() { return N.random(); } }.random, Math.random), writable: true, configurable: true,
});

roots.push(
  getPrototypeOf(function* () {}).prototype,
  getPrototypeOf(async function* () {}).prototype,
  getPrototypeOf([][Symbol.iterator]()),
  getPrototypeOf(new Map()[Symbol.iterator]()),
  getPrototypeOf(new Set()[Symbol.iterator]()),
  getPrototypeOf(''[Symbol.iterator]()),
  getPrototypeOf('a'.matchAll(/a/g)),
  TypedArray,
);

// A frozen prototype would forbid its heirs to have properties of the same name; these become accessors that allow it.
const intrinsics = new WeakSet();
const isIntrinsic = uncurry(WeakSet.prototype.has);
const inheritable = (holder, name) => {
  const found = getOwnPropertyDescriptor(holder, name);
  if (found === undefined || !('value' in found) || !found.configurable) return;
  const { value, enumerable } = found;
  defineProperty(holder, name, {
    get: disguise({ get() { return value; } }.get, { name, length: 0 }),
    set: disguise({
      set(own) {
        if (this === holder || (typeof this !== 'object' && typeof this !== 'function') || this === null) {
          throw new TypeError(`${String(name)} of a built-in object cannot be changed`);
        }
        const old = getOwnPropertyDescriptor(this, name);
        const ok = old === undefined
          ? defineProperty(this, name, { value: own, writable: true, enumerable: true, configurable: true })
          : defineProperty(this, name, { value: own });
        if (!ok) throw new TypeError(`${String(name)} cannot be changed`);
      },
    }.set, { name, length: 1 }),
    enumerable,
    configurable: true,
  });
};
const COMMON = ['constructor', 'toString', 'toLocaleString', 'valueOf', 'toJSON', 'name', 'message', 'then', 'cause'];
for (const name of ownKeys(Object.prototype)) inheritable(Object.prototype, name);
for (const owner of ownKeys(globalThis)) {
  const value = globalThis[owner];
  const prototype = typeof value === 'function' ? value.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) continue;
  for (const name of COMMON) inheritable(prototype, name);
}
const freeze = Object.freeze;
const harden = (root) => {
  const waiting = [root];
  while (waiting.length > 0) {
    const object = waiting.pop();
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) continue;
    if (isIntrinsic(intrinsics, object)) continue;
    intrinsics.add(object);
    waiting.push(getPrototypeOf(object));
    for (const key of ownKeys(object)) {
      const found = getOwnPropertyDescriptor(object, key);
      waiting.push(found.value, found.get, found.set);
    }
    freeze(object);
  }
};
