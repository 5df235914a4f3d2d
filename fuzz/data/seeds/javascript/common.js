'use strict';
const assert = require('node:assert/strict');
const { add } = require('./helper.js');
class Account extends Object {
  #balance = 0;
  static count = 0;
  static { Account.count += 1; }
  constructor(owner) { super(); this.owner = owner; }
  get balance() { return this.#balance; }
  deposit(n) { if (n <= 0) throw new RangeError(`no ${n}`); this.#balance += n; return this; }
}
function* fib(limit = 10, { start: [a] = [0], ...rest } = {}) {
  let b = 1;
  for (;;) { if (a > limit) return; yield a; [a, b] = [b, a + b]; }
}
async function main() {
  for await (const x of fib()) console.log(x ?? 1, x?.y?.[0], x ** 2, /a(b|c)*/g.test('abc'));
  label: for (const k in { a: 1 }) { do { continue label; } while (k) }
  try { await Promise.reject(1); } catch { } finally { add(1n, 2n); }
  switch (typeof main) { case 'function': break; default: debugger; }
}
module.exports = { Account, fib, main };
assert.equal(add(1, 2), 3);
