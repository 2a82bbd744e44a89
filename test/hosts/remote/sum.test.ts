import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KNOWS_GMAC, keyFor, SUM, Sum } from '../../../src/hosts/remote/sum.ts';
import { temporaryDirectory } from '../../support/program.ts';

const shell = (script: string, input: Uint8Array, path = '/usr/bin:/bin') =>
  execFileSync('/bin/sh', ['-c', script], { input, env: { PATH: path }, encoding: 'utf8' }).trim();

/** A PATH with so many of the programs that reckon. */
function path(programs: Readonly<Record<string, string>>): string {
  const bin = join(temporaryDirectory(), 'bin');
  mkdirSync(bin);
  symlinkSync('/usr/bin/wc', join(bin, 'wc'));
  for (const [name, text] of Object.entries(programs)) {
    if (text.startsWith('/')) symlinkSync(text, join(bin, name));
    else {
      writeFileSync(join(bin, name), text);
      chmodSync(join(bin, name), 0o755);
    }
  }
  return bin;
}

function told(line: string): { kind: string; value: string } {
  const [kind = '', value = ''] = line.split(':');
  return { kind, value };
}

/** What this machine reckons, part by part. */
function here(bytes: Uint8Array, key?: string): Sum {
  const sum = new Sum(key);
  for (let at = 0, size = 1; at < bytes.length; at += size, size = size * 3 + 1)
    sum.add(bytes.subarray(at, at + size));
  return sum;
}

describe.each([
  ['nothing', 0],
  ['a byte', 1],
  ['less than a block', 333],
  ['much', 1_000_003],
])('what is reckoned over %s there is what is reckoned here', (_, size) => {
  const bytes = randomBytes(size);

  test('by GMAC', () => {
    const key = keyFor({ gmac: true }) ?? '';
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    const line = shell(`${SUM}\nreckon 1 ${key}`, bytes);
    expect(line).toMatch(/^gmac:[0-9A-F]{32}$/);
    expect(here(bytes, key).is(told(line))).toBe(true);
    const third = told(shell(`${SUM}\nreckon 1 ${key} 2`, bytes));
    const parts = [0, 2].map((part) => {
      const sum = new Sum(key, part);
      sum.add(bytes);
      return sum.is(third);
    });
    expect(parts).toEqual([false, true]);
    const other = new Uint8Array(bytes.length === 0 ? 1 : bytes.length).fill(7);
    expect(here(other, key).is(told(line))).toBe(false);
    expect(here(bytes, keyFor({ gmac: true })).is(told(line))).toBe(false);
  });

  test.each([
    ['sha256', 'openssl', { openssl: '/usr/bin/openssl' }],
    [
      'sha256',
      'sha256sum where openssl does not work',
      { openssl: '#!/bin/sh\nexit 1\n', sha256sum: '/usr/bin/sha256sum' },
    ],
    ['bytes', 'nothing but wc', {}],
  ])('by %s: %s', (kind, _name, programs) => {
    const line = shell(`${SUM}\nreckon 1 ''`, bytes, path(programs));
    expect(told(line).kind).toBe(kind);
    expect(here(bytes).is(told(line))).toBe(true);
    expect(here(Buffer.concat([bytes, Buffer.of(0)])).is(told(line))).toBe(false);
  });
});

test('a sum of another kind than was asked for is none', () => {
  const line = shell(`${SUM}\nreckon 1 ''`, Buffer.of(1));
  expect(here(Buffer.of(1), keyFor({ gmac: true })).is(told(line))).toBe(false);
});

test('GMAC is known of an openssl that has it and reckons right', () => {
  expect(shell(`${KNOWS_GMAC} || :`, Buffer.of())).toBe('gmac');
  const wrong = path({ openssl: '#!/bin/sh\necho 00000000000000000000000000000000\n' });
  expect(shell(`${KNOWS_GMAC} || :`, Buffer.of(), wrong)).toBe('');
  expect(shell(`${KNOWS_GMAC} || :`, Buffer.of(), path({}))).toBe('');
  expect(keyFor({ gmac: false })).toBeUndefined();
});
