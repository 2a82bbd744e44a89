import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, describe, expect, test } from 'vitest';
import { SealError, Sealer, type Sealing } from '../../../../src/ops/remote/seal/thread.ts';
import { temporaryDirectory } from '../../../support/program.ts';

async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

const sealer = new Sealer();
afterAll(() => sealer.close());
const sealed: Sealer['seal'] = (parts, sealing) => sealer.seal(parts, sealing);

async function all(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const part of parts) found.push(part);
  return Buffer.concat(found);
}

const identity = await generateX25519Identity();
const other = await generateX25519Identity();
const encrypt: Sealing & { kind: 'encrypt' } = {
  kind: 'encrypt',
  recipients: [await identityToRecipient(identity), await identityToRecipient(other)],
};
const decrypt = (...identities: string[]): Sealing => ({ kind: 'decrypt', identities });

describe('what is encrypted', () => {
  test.each([
    ['nothing', 0, 1],
    ['a byte', 1, 1],
    ['a piece of age and one byte more', 65_537, 1_000],
    ['many pieces', 5_000_000, 1 << 20],
  ])('comes back by each identity that it is for: %s', async (_, size, part) => {
    const bytes = randomBytes(size);
    const cipher = await all(sealed(inParts(bytes, part), encrypt));
    expect(cipher.includes('age-encryption.org/v1')).toBe(true);
    if (size > 100) expect(cipher.includes(bytes.subarray(0, 32))).toBe(false);
    for (const one of [identity, other])
      expect((await all(sealed(inParts(cipher, part), decrypt(one)))).equals(bytes)).toBe(true);
  });

  test('does not come back by another identity', async () => {
    const cipher = await all(sealed(inParts(Buffer.from('hello'), 2), encrypt));
    const wrong = await generateX25519Identity();
    const error = await all(sealed(inParts(cipher, 100), decrypt(wrong))).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SealError);
    expect((error as SealError).foreign).toBe(true);
  });

  test.each([
    [
      'a byte is another',
      (cipher: Buffer) => cipher.with(cipher.length - 40_000, (cipher.at(-40_000) ?? 0) ^ 1),
    ],
    ['its end is lost', (cipher: Buffer) => cipher.subarray(0, -1)],
    ['its last piece is lost', (cipher: Buffer) => cipher.subarray(0, -(100_000 - 65_536 + 16))],
    ['something follows', (cipher: Buffer) => Buffer.concat([cipher, Buffer.of(0)])],
  ])('does not come back where %s', async (_, change) => {
    const cipher = await all(sealed(inParts(randomBytes(100_000), 1 << 20), encrypt));
    const error = await all(sealed(inParts(change(cipher), 1 << 20), decrypt(identity))).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(SealError);
    expect((error as SealError).foreign).toBe(false);
  });
});

test('an error of what is encrypted is thrown, and the thread ends', async () => {
  async function* broken() {
    yield Buffer.alloc(3_000_000);
    throw new Error('the disk is gone');
  }
  await expect(all(sealed(broken(), encrypt))).rejects.toThrow('the disk is gone');
});

test('who takes no more ends what is read', async () => {
  let returned = false;
  async function* endless() {
    try {
      for (;;) yield randomBytes(1 << 20);
    } finally {
      returned = true;
    }
  }
  for await (const part of sealed(endless(), encrypt)) if (part.length > 0) break;
  expect(returned).toBe(true);
});

test('what age leaves out is found by the size that it should have', async () => {
  // it is loaded before all else in the thread, too: a byte of each piece is lost on its way to age
  const fault = `
    const { TransformStream: Whole } = globalThis;
    globalThis.TransformStream = class extends Whole {
      constructor({ transform, ...rest }, ...more) {
        const loses = { transform: (part, to) => transform(part.subarray(1), to) };
        super({ ...rest, ...(transform && loses) }, ...more);
      }
    };`;
  const script = `
    import { Sealer } from ${JSON.stringify(new URL('../../../../src/ops/remote/seal/thread.ts', import.meta.url).href)};
    const sealer = new Sealer();
    const parts = (async function* () { yield Buffer.alloc(200_000); })();
    let error;
    try {
      for await (const _ of sealer.seal(parts, { kind: 'encrypt', recipients: ${JSON.stringify(encrypt.recipients)} }));
    } catch (thrown) { error = thrown; }
    await sealer.close();
    console.log(error?.name + ': ' + error?.message);`;
  const file = join(temporaryDirectory(), 'seal.mjs');
  writeFileSync(file, script);
  const said = (preload: string) => {
    const first = `data:text/javascript,${encodeURIComponent(preload)}`;
    return execFileSync(process.execPath, ['--import', first, file], { encoding: 'utf8', env: {} }).trim();
  };
  expect(said('')).toBe('undefined: undefined');
  expect(said(fault)).toMatch(/^SealError: 200000 bytes became 20\d{4}$/);
});

const age = (() => {
  try {
    return execFileSync('age', ['--version'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
})();

test.skipIf(age === undefined)('what is encrypted is what age itself decrypts', async () => {
  const bytes = randomBytes(200_000);
  const cipher = await all(sealed(inParts(bytes, 1 << 20), encrypt));
  const home = temporaryDirectory();
  writeFileSync(`${home}/id`, `${identity}\n`, { mode: 0o600 });
  writeFileSync(`${home}/x.age`, cipher);
  expect(execFileSync('age', ['-d', '-i', `${home}/id`, `${home}/x.age`]).equals(bytes)).toBe(true);
});
