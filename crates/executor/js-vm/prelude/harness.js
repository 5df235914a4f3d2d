// Console, timers, modules and tests. Verdicts go to the native recorder; nothing here is in a candidate's reach.
const consoleLines = { indent: '', counts: new Map(), timers: new Map() };
const print = (stream, args) => {
  const text = formatLine(args);
  const shown = consoleLines.indent === '' ? text : consoleLines.indent + text.replaceAll('\n', `\n${consoleLines.indent}`);
  N.write(stream, `${shown}\n`);
};
const console = {
  log: (...args) => print(1, args),
  info: (...args) => print(1, args),
  debug: (...args) => print(1, args),
  error: (...args) => print(2, args),
  warn: (...args) => print(2, args),
  trace: (...args) => print(2, ['Trace:', ...args]),
  dir: (value) => print(1, [inspect(value)]),
  assert: (value, ...args) => {
    if (!value) print(2, args.length === 0 ? ['Assertion failed'] : [`Assertion failed: ${formatLine(args)}`]);
  },
  group: (...args) => {
    if (args.length > 0) print(1, args);
    consoleLines.indent += '  ';
  },
  groupEnd: () => { consoleLines.indent = consoleLines.indent.slice(2); },
  count: (label = 'default') => {
    const count = (consoleLines.counts.get(label) ?? 0) + 1;
    consoleLines.counts.set(label, count);
    print(1, [`${label}: ${count}`]);
  },
  countReset: (label = 'default') => { consoleLines.counts.delete(label); },
  time: () => {},
  timeEnd: () => {},
  timeLog: () => {},
  table: (value) => print(1, [value]),
};

// Timers fire in order of their virtual time, and of asking where that is equal.
const timers = [];
let timerCount = 0;
class Timeout {
  #id;
  constructor(id) { this.#id = id; }
  ref() { return this; }
  unref() {
    for (const timer of timers) if (timer.id === this.#id) timer.isUnref = true;
    return this;
  }
  hasRef() { return true; }
  [Symbol.toPrimitive]() { return this.#id; }
  static idOf(value) { return typeof value === 'object' && value !== null && #id in value ? value.#id : value; }
}
const idOf = Timeout.idOf;
delete Timeout.idOf;
const schedule = (body, delay, args, every) => {
  if (typeof body !== 'function') throw new TypeError('The "callback" argument must be of type function.');
  charge(1);
  const wait = typeof delay === 'number' && delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1;
  timerCount += 1;
  const timer = { id: timerCount, at: N.elapsed() + (every === 'now' ? 0 : wait), body, args, wait, every };
  timers.push(timer);
  return new Timeout(timer.id);
};
const cancel = (handle) => {
  const id = idOf(handle);
  const at = timers.findIndex((timer) => timer.id === id);
  if (at >= 0) timers.splice(at, 1);
};
// Waits until nothing but intervals is left to fire.
let fired = () => {};
const idle = async () => {
  while (timers.some((timer) => timer.every !== true && timer.isUnref !== true)) {
    await new Promise((resolve) => { fired = resolve; });
  }
};
const fireNext = () => {
  if (timers.length === 0) return false;
  charge(1 + timers.length / 16);
  let next = timers[0];
  for (const timer of timers) {
    const sooner = timer.every === 'now' ? next.every !== 'now' : next.every !== 'now' && timer.at < next.at;
    if (sooner) next = timer;
  }
  N.advance(next.at - N.elapsed());
  if (next.every === true) next.at = N.elapsed() + next.wait;
  else cancel(next.id);
  next.body(...next.args);
  fired();
  return true;
};
let exitCode;
// What the program was called with: known when its run begins.
let argv = ['node'];
const hosts = {
  console,
  setTimeout: (body, delay, ...args) => schedule(body, delay, args, false),
  setInterval: (body, delay, ...args) => schedule(body, delay, args, true),
  setImmediate: (body, ...args) => schedule(body, 0, args, 'now'),
  clearTimeout: cancel,
  clearInterval: cancel,
  clearImmediate: cancel,
  queueMicrotask: (body) => {
    if (typeof body !== 'function') throw new TypeError('The "callback" argument must be of type function.');
    charge(1);
    Promise.resolve().then(() => body());
  },
  process: {
    get argv() { return argv; },
    env: {},
    platform: 'linux',
    get exitCode() { return exitCode; },
    set exitCode(code) { exitCode = code; },
    exit: (code) => N.exit(code ?? exitCode ?? 0),
    nextTick: (body, ...args) => { Promise.resolve().then(() => body(...args)); },
    uptime: () => N.elapsed() / 1000,
    hrtime: () => [Math.floor(N.elapsed() / 1000), Math.floor(N.elapsed() % 1000) * 1000000],
    stdout: { write: (text) => { N.write(1, String(text)); return true; }, isTTY: false, columns: 80 },
    stderr: { write: (text) => { N.write(2, String(text)); return true; }, isTTY: false, columns: 80 },
  },
};
for (const name of ownKeys(hosts)) defineProperty(globalThis, name, { value: hosts[name], writable: true, configurable: true });

// Modules.
const cache = new Map();
// What whole files export: a test that asks these asks a library's function.
const exportsOfFiles = new WeakSet();
const isExports = (known, value) => wasMade(known, value) || (getPrototypeOf(value) === null && classOf(value) === '[object Module]');
const standIn = (name, from) => {
  const asserts = N.isCandidate(from) ? assertsOfCandidates : assertsOfTests;
  if (name === 'assert') return asserts.loose;
  if (name === 'assert/strict') return asserts.strict;
  return N.isTestFile(from) ? tests : noTests;
};
const requireFrom = (from) => {
  const require = (specifier) => {
    const [kind, target] = N.resolve(from, `${specifier}`);
    if (kind === 'stand-in') return standIn(target, from);
    return load(target);
  };
  return require;
};
const load = (path) => {
  const known = cache.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {}, id: path, filename: `/work/${path}`, loaded: false, children: [], paths: [] };
  cache.set(path, module);
  const body = N.compile(path);
  const folder = path.includes('/') ? `/work/${path.slice(0, path.lastIndexOf('/'))}` : '/work';
  const require = requireFrom(path);
  if (path === N.main) require.main = module;
  apply(body, module.exports, [module.exports, require, module, module.filename, folder]);
  module.loaded = true;
  if (isObject(module.exports)) exportsOfFiles.add(module.exports);
  return module.exports;
};
const exposed = new Map();

// Tests.
const root = { name: '', parent: null, children: [], hooks: { before: [], after: [], beforeEach: [], afterEach: [] } };
let suite = root;
const noop = () => {};
const optionsOf = (args) => {
  const found = { name: undefined, options: {}, body: undefined };
  for (const arg of args) {
    if (typeof arg === 'string') found.name = arg;
    else if (typeof arg === 'function') found.body = arg;
    else if (isObject(arg)) found.options = arg;
  }
  if (found.name === undefined) found.name = nameOf(found.body) || '<anonymous>';
  return found;
};
const addTest = (args, mark) => {
  const { name, options, body } = optionsOf(args);
  const isSkipped = mark === 'skip' || mark === 'todo' || Boolean(options.skip) || Boolean(options.todo) || body === undefined;
  suite.children.push({ name, body: body ?? noop, isSkipped, parent: suite, limit: options.timeout });
  return Promise.resolve();
};
const addSuite = (args, mark) => {
  const { name, options, body } = optionsOf(args);
  const made = {
    name, parent: suite, children: [], isSuite: true, isSkipped: mark === 'skip' || mark === 'todo' || Boolean(options.skip),
    hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
  };
  suite.children.push(made);
  const outer = suite;
  suite = made;
  try {
    made.ready = body?.();
  } catch (error) {
    made.error = { error };
  } finally {
    suite = outer;
  }
};
const withMarks = (add) => {
  const made = (...args) => add(args);
  for (const mark of ['skip', 'todo', 'only']) made[mark] = (...args) => add(args, mark);
  return made;
};
const hook = (kind) => (body) => { suite.hooks[kind].push(body); };
const tests = withMarks(addTest);
Object.assign(tests, {
  test: tests, it: withMarks(addTest), describe: withMarks(addSuite), suite: withMarks(addSuite),
  before: hook('before'), after: hook('after'), beforeEach: hook('beforeEach'), afterEach: hook('afterEach'),
});
// What has no stand-in is no verdict: the run is refused, and the OS layer can do it.
const refuse = (holder, names) => {
  for (const name of names) {
    defineProperty(holder, name, { get() { return N.refuse(`node:test: ${name}`); }, configurable: true, enumerable: false });
  }
  return holder;
};
refuse(tests, ['mock', 'snapshot', 'run']);
const noTests = withMarks(() => Promise.resolve());
Object.assign(noTests, { test: noTests, it: noTests, describe: noTests, suite: noTests, before: noop, after: noop, beforeEach: noop, afterEach: noop });

let open;
const stalled = () => {
  if (open?.reject === undefined) return false;
  const { reject } = open;
  open.reject = undefined;
  reject(new Error('the test waits for something that never happens'));
  return true;
};
// Waits for a value; when nothing is left that could end the wait, it fails.
const settle = (value, holder = open) => new Promise((resolve, reject) => {
  holder.reject = reject;
  Promise.resolve(value).then(resolve, reject);
});
// The same, but it fails when the virtual clock passes a limit.
const settleWithin = (limit, value) => {
  if (typeof limit !== 'number' || !(limit >= 0 && limit < Infinity)) return settle(value);
  return settle(new Promise((resolve, reject) => {
    const late = schedule(() => reject(new Error(`the test took more than ${limit} ms`)), limit, [], false);
    const ended = (end) => (given) => {
      cancel(late);
      end(given);
    };
    Promise.resolve(value).then(ended(resolve), ended(reject));
  }));
};
// A body of two parameters is done when it calls the second.
const invoke = (body, context) => {
  if (body.length < 2) return body(context);
  return new Promise((resolve, reject) => {
    const returned = body(context, (error) => {
      if (error) reject(error);
      else resolve();
    });
    if (isObject(returned) && N.promise(returned) !== undefined) reject(new Error('the body takes a callback and returns a promise'));
  });
};
const record = (id, error) => {
  const swallowed = error === undefined ? [...pending][0] : undefined;
  pending.clear();
  if (swallowed !== undefined) {
    N.record(id, 'failed', `an assertion failed, and the code under test swallowed its error: ${attempt(errorTextOf, swallowed) ?? '?'}`);
    return;
  }
  const isFailure = isObject(error?.error) && isRaised(raised, error.error);
  N.record(id, error === undefined ? 'passed' : isFailure ? 'failed' : 'error',
    error === undefined ? '' : attempt(errorTextOf, error.error) ?? 'an error without a text');
};
const guarded = async (bodies, context) => {
  for (const body of bodies) await settle(invoke(body, context));
};
const upwards = (from, kind) => {
  const found = [];
  for (let at = from; at !== null; at = at.parent) found.unshift(...at.hooks[kind]);
  return found;
};
const contextOf = (test, mine) => refuse({
  name: test.name,
  diagnostic: noop,
  skip: () => { mine.isSkipped = true; },
  todo: () => { mine.isSkipped = true; },
  after: (body) => { mine.afters.push(body); },
  assert: assertsOfTests.loose,
  test: (...args) => {
    const { name, options, body } = optionsOf(args);
    const isSkipped = body === undefined || Boolean(options.skip) || Boolean(options.todo);
    const inner = { name, body: body ?? noop, parent: test.parent, isSkipped, limit: options.timeout };
    // One after the other; the outer test waits for all of them.
    mine.inner = mine.inner.then(() => runTest(inner, mine.id));
    return mine.inner;
  },
}, ['mock', 'plan', 'signal', 'before', 'beforeEach', 'afterEach', 'runOnly']);
const runTest = async (test, path) => {
  const id = `${path}::${test.name}`;
  if (N.collecting) return N.record(id, 'collected', '');
  if (test.isSkipped) return N.record(id, 'skipped', '');
  const outer = open;
  const mine = { id, isSkipped: false, inner: Promise.resolve(), afters: [] };
  open = mine;
  N.open(id);
  const context = contextOf(test, mine);
  let error;
  try {
    await guarded(upwards(test.parent, 'beforeEach'), context);
    await settleWithin(test.limit, invoke(test.body, context));
  } catch (thrown) {
    error = { error: thrown };
  }
  try {
    await settle(mine.inner, mine);
    await guarded(mine.afters, context);
    await guarded(upwards(test.parent, 'afterEach').reverse(), context);
  } catch (thrown) {
    error ??= { error: thrown };
  }
  const isSkipped = mine.isSkipped && error === undefined && pending.size === 0;
  open = outer;
  N.open(outer?.isSkipped === undefined ? '' : outer.id);
  if (isSkipped) N.record(id, 'skipped', '');
  else record(id, error);
  return undefined;
};
const runSuite = async (made, path) => {
  if (made.error !== undefined) return record(path, made.error);
  open = { id: path };
  try {
    await settle(made.ready);
    if (!N.collecting) await guarded(made.hooks.before);
    for (const child of made.children) {
      if (made.isSkipped) child.isSkipped = true;
      if (child.isSuite) await runSuite(child, `${path}::${child.name}`);
      else await runTest(child, path);
    }
    open = { id: path };
    if (!N.collecting) await guarded(made.hooks.after);
  } catch (error) {
    record(path, { error });
  }
  return undefined;
};
let file = '';
const hookCase = (line, body) => {
  const id = `${file}::assert:${line}`;
  if (N.collecting) return N.record(id, 'collected', '');
  N.open(id);
  const finish = (error) => {
    N.open('');
    record(id, error);
  };
  let result;
  try {
    result = body();
  } catch (error) {
    return finish({ error });
  }
  if (!isObject(result) || N.promise(result) === undefined) return finish(undefined);
  const waited = { id, isDone: false };
  const done = (error) => {
    if (waited.isDone) return;
    waited.isDone = true;
    finish(error);
  };
  waited.promise = result.then(() => done(undefined), (error) => done({ error }));
  waited.fail = done;
  cases.push(waited);
  return waited.promise;
};
// Assertions that answer later.
let cases = [];
const finishCases = async () => {
  for (const waited of cases) {
    try {
      await settle(waited.promise);
    } catch (error) {
      waited.fail({ error });
    }
  }
  cases = [];
};
const say = hosts.console.assert;
const hookSay = (value, ...args) => {
  say(value, ...args);
  if (value) return;
  const error = new AssertionError({ message: args.length === 0 ? 'console.assert failed' : `console.assert: ${formatLine(args)}` });
  raised.add(error);
  pending.add(error);
};
const runRoot = async (path) => {
  open = { id: path };
  try {
    if (!N.collecting) await guarded(root.hooks.before);
    // Timers and tests may register more tests.
    do {
      const { children } = root;
      root.children = [];
      await runSuite({ name: '', children, hooks: { before: [], after: [] }, isSuite: true }, path);
      await idle();
    } while (root.children.length > 0);
    open = { id: path };
    if (!N.collecting) await guarded(root.hooks.after);
  } catch (error) {
    record(path, { error });
  }
  if (pending.size > 0) record(path, undefined);
};
const runFiles = async (paths) => {
  for (const path of paths) {
    file = path;
    root.children = [];
    root.hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
    open = { id: path };
    try {
      if (N.isModule(path)) await settle(N.importModule(path));
      else load(path);
    } catch (error) {
      print(2, [errorTextOf(error)]);
      record(`${path}::load`, { error });
    }
    await finishCases();
    await runRoot(path);
  }
};
// The entry's top level before the test files: they may borrow its names.
const runEntry = (path) => (N.isModule(path) ? N.importModule(path) : load(path));
// The last line of an uncaught error, and the whole of it with the program's own frames.
const describeUncaught = (error) => {
  if (!isError(error)) return [`Uncaught ${short(error)}`, `Uncaught ${short(error)}\n`];
  const line = errorText(error);
  const stack = attempt((own) => own.stack, error);
  const frames = typeof stack === 'string' ? stack.split('\n').filter((frame) => frame.includes('(/work/') || frame.includes('at /work/')) : [];
  return [line, `${[line, ...frames].join('\n')}\n`];
};
const unhandled = new Map();
const track = (promise, reason, isHandled) => {
  if (isHandled) unhandled.delete(promise);
  else unhandled.set(promise, reason);
};
const firstUnhandled = () => {
  for (const [promise, reason] of unhandled) {
    unhandled.delete(promise);
    return [reason];
  }
  return undefined;
};
for (const value of [tests, noTests, assertsOfTests, assertsOfCandidates, AssertionError, Timeout, globalThis, ...roots]) harden(value);
for (const value of ownKeys(globalThis)) if (isObject(globalThis[value])) harden(globalThis[value]);

return {
  begin: (args) => {
    argv = ['node', ...args];
    harden(argv);
  },
  load, runFiles, runEntry, describeUncaught, exitCode: () => Number(exitCode ?? 0), fireNext, stalled, track, firstUnhandled, errorTextOf, standIn,
  hooks: {
    spread: hookSpread, add: hookAdd, big: hookBig, text: hookText, compare, case: hookCase,
    expose: (path, names) => exposed.set(path, names),
    borrow: (path) => exposed.get(path) ?? {},
    module: standIn,
    require: load,
    worst: hookWorst, handled: hookHandled, handler: hookHandler, say: hookSay, ask: hookAsk, made: hookMade,
  },
};
