import { expect, test } from 'vitest';
import { savingSql } from '../../../src/ops/check/examine/rows.ts';
import { remediesOf } from '../../../src/ops/check/remedies.ts';
import type { Part } from '../../../src/ops/check/scope.ts';
import { sizeOf } from '../../../src/ops/check/size.ts';
import { type Finding, saysDamaged } from '../../../src/ops/check/verdict.ts';

const table = (oid: number, name: string, system = false) => ({ oid, schema: 'public', name, system });
const part = (kind: Part['kind'], oid: number, of: ReturnType<typeof table>, index = {}): Part =>
  ({
    kind,
    oid,
    schema: 'public',
    name: `r${oid}`,
    shown: `public.r${oid}`,
    bytes: 1,
    table: of,
    index,
  }) as unknown as Part;
const damaged = (one: Part): Finding => ({ part: one, verdict: 'damaged', method: '', text: 'bad' });

test('indexes of whole tables are rebuilt now, those of damaged ones afterwards, others with a lock', () => {
  const whole = table(1, 'whole');
  const broken = table(2, 'Broken One');
  const found = remediesOf(
    [
      damaged(part('index', 11, whole)),
      damaged(part('index', 12, whole, { exclusion: true })),
      damaged(part('toast', 20, broken)),
      damaged(part('index', 21, broken)),
      damaged(part('index', 31, table(3, 'pg_class', true))),
    ],
    'my shop',
  );
  expect(found.command).toBe('pgdeck reindex --index public.r11');
  expect(found.sentences[0]).toBe('To rebuild what is damaged: pgdeck reindex --index public.r11');
  expect(found.sentences[1]).toBe(
    'To rebuild what is damaged: pgdeck reindex --index public.r12 --index public.r31 --no-concurrently',
  );
  expect(found.sentences).toContain(
    "To restore one beside this database: pgdeck restore --into 'my shop_restored' newest",
  );
  expect(found.sentences.join('\n')).toContain(`--table 'public."Broken One"'`);
  expect(found.sentences.at(-1)).toBe('Once the table is whole again: pgdeck reindex --index public.r21');
});

test('where no index can be rebuilt now, no command is offered', () => {
  const broken = table(2, 'broken');
  expect(
    remediesOf([damaged(part('table', 2, broken)), damaged(part('index', 21, broken))], 'shop').command,
  ).toBeUndefined();
  expect(remediesOf([], 'shop')).toEqual({ command: undefined, sentences: [] });
});

test('what saves the rest: ranges between damaged pages, without damaged rows; nothing where not all is known', () => {
  const one = part('table', 2, table(2, 'r2'));
  const at = (block: number, offset: number | null) => ({
    place: offset === null ? `page ${block}` : `(${block},${offset})`,
    block,
    offset,
    key: null,
    why: '',
  });
  const from = 'COPY (SELECT r.* FROM ONLY "public"."r2" AS r WHERE';
  expect(savingSql(one, { found: [at(0, null), at(3, 2), at(5, null)], ended: true }, 15)).toEqual([
    'SET enable_seqscan = off',
    `${from} r.ctid >= '(1,0)' AND r.ctid < '(5,0)' AND r.ctid <> ALL ('{"(3,2)"}'::tid[])) TO STDOUT`,
    `${from} r.ctid >= '(6,0)' AND r.ctid <> ALL ('{"(3,2)"}'::tid[])) TO STDOUT`,
  ]);
  expect(savingSql(one, { found: [at(3, 2)], ended: true }, 13)).toHaveLength(1);
  expect(savingSql(one, { found: [at(3, null)], ended: true }, 13)).toEqual([]);
  expect(savingSql(one, { found: [at(3, 2)], ended: false }, 15)).toEqual([]);
});

test('which errors say that something is damaged', () => {
  for (const code of ['XX001', 'XX002', 'XX000', '58030', '58P01']) expect(saysDamaged({ code })).toBe(true);
  for (const code of ['42501', '57014', '55P03', '22021', undefined])
    expect(saysDamaged({ code })).toBe(false);
});

test.each([
  ['500MB', 500 * 1024 ** 2],
  ['1.5 gb', 1.5 * 1024 ** 3],
  ['8192', 8192],
  ['much', undefined],
  ['-1MB', undefined],
  ['', undefined],
])('the size %j', (text, size) => {
  expect(sizeOf(text)).toBe(size);
});
