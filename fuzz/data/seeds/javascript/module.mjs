import test, { describe as d } from 'node:test';
import assert from 'node:assert';
import * as inner from './lib/inner.mjs';
export const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
export default function mean(xs) { return xs.length ? xs.reduce((s, x) => s + x, 0) / xs.length : 0; }
test('mean', () => { assert.strictEqual(mean([1, 2, 3]), 2); });
assert.deepStrictEqual(clamp(5, 0, 3), 3)
let a = b => ({ [b]: `x${b}y` })
;[1, 2].forEach((v, i) => { a = v == i ? a : b => b })
