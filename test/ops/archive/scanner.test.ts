import { describe, expect, test } from 'vitest';
import { parseCopyHead } from '../../../src/ops/archive/heading.ts';
import { countNewlines } from '../../../src/ops/archive/newlines.ts';
import { DumpScanner } from '../../../src/ops/archive/scanner.ts';

const heading = (name: string, type = 'TABLE DATA') =>
  `--\n-- Data for Name: ${name}; Type: ${type}; Schema: public; Owner: me\n--\n\n`;
const END = '--\n-- PostgreSQL database dump complete\n--\n\n';

/** Names, data and pieces that have ways of being taken for something else. */
const DUMP = [
  '--\n-- PostgreSQL database dump\n--\n\n',
  "CREATE FUNCTION f() AS '\nCOPY public.fake (a) FROM stdin;\n1\n2\n';\n",
  heading('plain'),
  'COPY public.plain (id, name) FROM stdin;\n1\ta\n2\t\\\\.\n3\t\\N\n\\.\n\n\n',
  heading('empty'),
  'COPY public.empty (id) FROM stdin;\n\\.\n\n',
  heading('no columns'),
  'COPY public."no columns"  FROM stdin;\n\n\n\\.\n\n',
  heading('odd name'),
  'COPY "s.1"."a "" b\nCOPY x FROM stdin;" ("c (1)", "d,""\n") FROM stdin;\nCOPY public.q (a) FROM stdin;\n-- Data for Name: x; Type: TABLE DATA; Schema: s; Owner: o\n\\.\n\n',
  heading('inserted'),
  "INSERT INTO public.inserted VALUES ('\nCOPY public.q (a) FROM somewhere');\n\n",
  heading('BLOBS', 'BLOBS'),
  "BEGIN;\n\nSELECT pg_catalog.lo_open('1', 131072);\nSELECT pg_catalog.lowrite(0, '\\x00');\nSELECT pg_catalog.lo_close(0);\n\n",
  "SELECT pg_catalog.lo_open('2', 131072);\nSELECT pg_catalog.lo_close(0);\n\nCOMMIT;\n\n",
  heading('last'),
  'ALTER TABLE public.last DISABLE TRIGGER ALL;\n\nCOPY public.last (t) FROM stdin;\n客户\n\\.\n\n\n',
  "SELECT pg_catalog.lo_open('3', 1);\n",
  END,
].join('');

const FOUND = {
  tables: [
    { schema: 'public', name: 'plain', rows: 3, copyBytes: 15 },
    { schema: 'public', name: 'empty', rows: 0, copyBytes: 0 },
    { schema: 'public', name: 'no columns', rows: 2, copyBytes: 2 },
    { schema: 's.1', name: 'a " b\nCOPY x FROM stdin;', rows: 2, copyBytes: 89 },
    { schema: 'public', name: 'inserted', rows: null, copyBytes: null },
    { schema: 'public', name: 'last', rows: 1, copyBytes: 7 },
  ],
  largeObjects: 2,
  complete: true,
  unfinished: undefined,
};

function scan(text: Buffer, piece: number) {
  const scanner = new DumpScanner();
  for (let at = 0; at < text.length; at += piece) scanner.write(text.subarray(at, at + piece));
  return scanner.end();
}

test.each([1, 2, 3, 5, 7, 11, 16, 64, 100, 1_000, 100_000])('in pieces of %i bytes', (size) => {
  expect(scan(Buffer.from(DUMP), size)).toEqual({ ...FOUND, bytes: Buffer.byteLength(DUMP) });
});

test('cut anywhere, it is never complete', () => {
  const text = Buffer.from(DUMP);
  for (let end = 0; end < text.length - 2; end++) {
    const { complete } = scan(text.subarray(0, end), 4_096);
    // the last comment mark and the line feeds after it say nothing more
    expect(complete, `${end} of ${text.length}`).toBe(end >= text.length - 2);
  }
});

test('data without an end is named', () => {
  const text = `${heading('t')}COPY public.t (a) FROM stdin;\n1\n2\n${END}`;
  expect(scan(Buffer.from(text), 16)).toMatchObject({ unfinished: 'public.t', complete: false, tables: [] });
});

test('without headings nothing is counted', () => {
  expect(scan(Buffer.from(`COPY public.t (a) FROM stdin;\n1\n\\.\n${END}`), 16)).toMatchObject({
    tables: [],
    largeObjects: null,
    complete: true,
  });
});

test.each([
  ['LATIN1', Buffer.from('caf\u00e9', 'latin1'), 'café'],
  ['EUC_CN', Buffer.from([0xbf, 0xcd, 0xbb, 0xa7]), '客户'],
  ['WIN1251', Buffer.from([0xe8, 0xec, 0xff]), 'имя'],
  ['UTF8', Buffer.from('客户'), '客户'],
  ['MULE_INTERNAL', Buffer.from('plain'), 'plain'],
])('names are read in the encoding of the dump: %s', (encoding, name, text) => {
  const before = `--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = '${encoding}';\n\n`;
  const dump = Buffer.concat([
    Buffer.from(`${before}${heading('t')}COPY public."`),
    name,
    Buffer.from(`" (a) FROM stdin;\n1\n\\.\n\n${END}`),
  ]);
  for (const piece of [1, 7, 100_000])
    expect(scan(dump, piece).tables).toMatchObject([{ name: text, rows: 1 }]);
});

describe('heads of COPY', () => {
  test.each([
    ['COPY public.t (a, b) FROM stdin;', 'public', 't', ['a', 'b']],
    ['COPY t (a) FROM stdin;', '', 't', ['a']],
    ['COPY public.t  FROM stdin;', 'public', 't', undefined],
    ['COPY "S ""x"""."t (y)" ("a, b", c) FROM stdin;\r', 'S "x"', 't (y)', ['a, b', 'c']],
  ])('%s', (line, schema, name, columns) => {
    expect(parseCopyHead(line)).toEqual({ schema, name, columns });
  });

  test.each([
    'COPY public.t TO stdout;',
    'COPY public.t (a) FROM stdin',
    'COPY (SELECT 1) TO stdout;',
    'COPYX t',
  ])('%s is none', (line) => expect(parseCopyHead(line)).toBeUndefined());
});

test('line feeds are counted at every alignment', () => {
  const bytes = Buffer.from('\n\n\u008a\u000aab\n\n\n\nx\u0009\u000b\n\u00ff\n\n\n\n\n', 'latin1');
  for (let start = 0; start <= bytes.length; start++)
    for (let end = start; end <= bytes.length; end++) {
      const slow = bytes.subarray(start, end).filter((byte) => byte === 10).length;
      expect(countNewlines(bytes, start, end), `${start}-${end}`).toBe(slow);
    }
});
