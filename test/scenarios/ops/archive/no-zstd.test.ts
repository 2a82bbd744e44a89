import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { local } from '../../../../src/hosts/local.ts';
import { decodeArchive } from '../../../../src/ops/archive/decode.ts';
import { detectArchive, refused } from '../../../ops/archive/stage.ts';
import { temporaryDirectory } from '../../../support/program.ts';

// Node before 22.15 has none
vi.mock('node:zlib', async (original) => {
  const zlib = await original<typeof import('node:zlib')>();
  return {
    ...zlib,
    default: { ...zlib, createZstdDecompress: undefined, zstdDecompressSync: undefined },
  };
});

const home = temporaryDirectory();
const SQL = `--
-- PostgreSQL database dump
--

-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: o
--

COPY public.t (a) FROM stdin;
1
2
\\.

--
-- PostgreSQL database dump complete
--

`;

test('without zstd in Node its program is used', async () => {
  const path = join(home, 'shop.sql.zst');
  const packed = zstdCompressSync(Buffer.from(SQL));
  writeFileSync(path, packed);
  const archive = await detectArchive(path);
  expect(archive).toEqual({ kind: 'sql.zst', path });
  const { tables } = await decodeArchive({ here: local }, undefined, archive);
  expect(tables).toEqual([{ schema: 'public', name: 't', rows: 2, copyBytes: 4 }]);
  writeFileSync(path, packed.subarray(0, -9));
  expect(await refused(decodeArchive({ here: local }, undefined, archive))).toMatch(/is damaged/);
});
