// Runs JavaScript test files with Node's own runner, each in a process of its own, and records what became of each test.
// The code under test runs in the process of its test file: what that process reports is taken at its word.
import { randomBytes } from 'node:crypto';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { run } from 'node:test';

const MESSAGE_MAX = 2000;
const { nonce, exit_code: exitCode, mode, tests, folder, preload } = JSON.parse(readFileSync(4, 'utf8'));
closeSync(4);
const options = process.env.NODE_OPTIONS ?? '';
const ids = [];
let count = 0;
const send = (record) => {
  const line = Buffer.from(`${JSON.stringify({ nonce, n: count, ...record })}\n`);
  count += 1;
  for (let at = 0; at < line.length; ) at += writeSync(3, line, at);
};
const record = (id, verdict, message = '') => {
  ids.push(id);
  const isCollected = mode === 'collect' && verdict !== 'error';
  send({ kind: 'test', id, verdict: isCollected ? 'collected' : verdict, message: isCollected ? '' : message });
};
const causeOf = (error) => error?.cause ?? error;
const textOf = (error) => {
  const cause = causeOf(error);
  return String(cause?.message ?? cause).slice(0, MESSAGE_MAX);
};
const failed = (id, error) => {
  const cause = causeOf(error);
  const isAssertion = cause?.code === 'ERR_ASSERTION' || cause?.name === 'AssertionError';
  record(id, isAssertion || error?.failureType === 'subtestsFailed' ? 'failed' : 'error', textOf(error));
};
// A file without a test of its own counts as one test, if it can fail at all.
const canFail = (path) => /\bassert|\bthrow\b|\bexpect\b/.test(readFileSync(path, 'utf8'));

for (const test of tests) {
  const path = `${folder}/${test}`;
  const word = randomBytes(16).toString('hex');
  const names = [];
  let isWhole = false;
  let hasFailed = false;
  process.env.NODE_OPTIONS = `${options} --require ${preload}`;
  process.env.EDGECODER_END = word;
  for await (const { type, data } of run({ files: [path], concurrency: false })) {
    if (type === 'test:stdout') process.stdout.write(data.message);
    else if (type === 'test:stderr' && data.message.trim() === word) isWhole = true;
    else if (type === 'test:stderr') process.stderr.write(data.message);
    else if (type === 'test:start') names.splice(data.nesting, Infinity, data.name);
    else if (type === 'test:pass' || type === 'test:fail') {
      const isFile = data.nesting === 0 && data.name === path;
      const id = isFile ? test : [test, ...names.slice(0, data.nesting), data.name].join('::');
      const error = data.details?.error;
      hasFailed ||= type === 'test:fail';
      if (data.details?.type === 'suite' && (type === 'test:pass' || error?.failureType === 'subtestsFailed')) continue;
      if (data.skip !== undefined || data.todo !== undefined) record(id, 'skipped', String(data.skip ?? data.todo));
      else if (type === 'test:fail') failed(id, error);
      else if (!isFile || canFail(path)) record(id, 'passed');
    }
  }
  if (!isWhole && !hasFailed) {
    record(`${test}::end`, 'error', 'the process of the test file was ended before all of its tests had run');
  }
}
send({ kind: 'final', ids });
process.exitCode = exitCode;
