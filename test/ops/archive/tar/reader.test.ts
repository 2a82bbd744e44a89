import { expect, test } from 'vitest';
import { type TarContents, TarReader } from '../../../../src/ops/archive/tar/reader.ts';

interface Entry {
  readonly name: string;
  readonly type?: string;
  readonly data?: string;
  readonly link?: string;
}

/** An archive, as tar writes it. */
function archive(...entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ name, type = '0', data = '', link = '' }) => {
    const head = Buffer.alloc(512);
    head.write(name, 0, 100, 'latin1');
    head.write('0000644\0', 100);
    head.write('0000000\0', 108);
    head.write('0000000\0', 116);
    head.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write(`${type}${link}`, 156, 101, 'latin1');
    head.write('        ', 148);
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(data.length / 512) * 512);
    body.write(data, 'latin1');
    return [head, body];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function read(bytes: Buffer, piece = bytes.length): TarContents {
  const reader = new TarReader();
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  return reader.end();
}

const a = { name: './a', data: 'x'.repeat(700) };
const b = { name: './d/b', data: 'y' };

test('the order of entries and the size of pieces do not matter, what is in them does', () => {
  const one = read(archive(a, b));
  expect(one).toMatchObject({ files: 2, entries: 2, bytes: 701, escapes: undefined, cluster: undefined });
  for (const piece of [1, 511, 513]) expect(read(archive(b, a), piece)).toEqual(one);
  expect(read(archive(a, { ...b, data: 'z' })).digest).not.toBe(one.digest);
  expect(read(archive(a, { ...b, name: './d/c' })).digest).not.toBe(one.digest);
});

test('which of two names of a file comes first does not matter', () => {
  const link = (name: string, to: string) => ({ name, type: '1', link: to });
  expect(read(archive(a, link('./h', './a')))).toEqual(
    read(archive({ ...a, name: './h' }, link('./a', './h'))),
  );
});

test('names of any length and any bytes', () => {
  const long = `./${'n'.repeat(300)}`;
  const gnu = archive(
    { name: '././@LongLink', type: 'L', data: `${long}\0` },
    { name: long.slice(0, 99), data: 'y' },
  );
  const record = ` path=${long}\n`;
  const pax = archive(
    { name: 'x', type: 'x', data: `${record.length + 3}${record}` },
    { name: long.slice(0, 99), data: 'y' },
  );
  expect(read(gnu)).toEqual(read(pax));
  expect(read(gnu).digest).not.toBe(read(archive({ name: long.slice(0, 99), data: 'y' })).digest);
});

test.each([
  ['an absolute name', [{ name: '/etc/passwd' }], '/etc/passwd'],
  ['a name that goes up', [{ name: './a/../../b' }], './a/../../b'],
  ['a file behind a link', [{ name: './l', type: '2', link: '/etc' }, { name: './l/passwd' }], './l/passwd'],
  ['a file in the place of a link', [{ name: './l', type: '2', link: '/etc/x' }, { name: './l' }], './l'],
])('%s is told', (_, entries: Entry[], escapes) => {
  expect(read(archive(...entries)).escapes).toBe(escapes);
});

test('a hard link to what is not in it is damage', () => {
  expect(() => read(archive({ name: './h', type: '1', link: '/etc/passwd' }))).toThrow(/leads to nothing/);
});

test('a link that leads out is content', () => {
  expect(read(archive({ name: './l', type: '2', link: '/etc' }, a)).escapes).toBeUndefined();
});

test.each([
  ['', '.'],
  ['16/main/', '16/main'],
])('a data directory of PostgreSQL in ./%s is told', (directory, cluster) => {
  const files = [
    { name: `./${directory}global/pg_control` },
    { name: `./${directory}PG_VERSION`, data: '16' },
  ];
  expect(read(archive(...files)).cluster).toBe(cluster);
  expect(read(archive(files[0] as Entry)).cluster).toBeUndefined();
});

test('one that is cut off anywhere, or changed in a head, is damaged', () => {
  const whole = archive(a, b);
  for (const end of [100, 512, 800, 1536, 2048, 2560, whole.length - 512])
    expect(() => read(whole.subarray(0, end)), String(end)).toThrow(/ends in its midst/);
  const flipped = Buffer.from(whole);
  flipped[3] = (flipped[3] ?? 0) ^ 1;
  expect(() => read(flipped)).toThrow(/head of an entry is damaged/);
});
