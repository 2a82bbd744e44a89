import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ListedRow, settingList } from '../../../src/db/queries/settings/listed.ts';
import type { Session } from '../../../src/db/session.ts';
import { bytesOf, type Kind, readValue, valueText } from '../../../src/db/settings/value.ts';
import { client, serverTarget } from '../../support/cluster.ts';

let session: Session;
let rows: readonly ListedRow[];
beforeAll(async () => {
  session = await client(serverTarget());
  rows = await session.run(settingList, undefined);
});
afterAll(() => session.close());

const kindOf = (name: string): Kind => rows.find((row) => row.name === name) as Kind;

test('every value is written as SHOW writes it', async () => {
  const shown = await session.sql(
    `SELECT name, current_setting(name) AS shown FROM pg_settings WHERE vartype IN ('integer', 'real') AND setting = reset_val`,
  );
  const asked = new Map(shown.map(({ name, shown }) => [String(name), String(shown)]));
  const wrong = rows.flatMap((row) => {
    const want = asked.get(row.name);
    // SHOW writes these in octal
    if (want === undefined || /_mode$|unix_socket_permissions/.test(row.name)) return [];
    const text = valueText(row, row.value);
    return text === want ? [] : [`${row.name}: ${text}, not ${want}`];
  });
  expect(asked.size).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});

test.each([
  ['work_mem', '7MB'],
  ['work_mem', ' 0.5GB'],
  ['work_mem', '1.3 MB'],
  ['work_mem', '70000B'],
  ['work_mem', '0x40'],
  ['statement_timeout', '1.5h'],
  ['statement_timeout', '90s'],
  ['random_page_cost', '1.1'],
  ['vacuum_cost_delay', '500us'],
  ['enable_seqscan', 'of'],
  ['enable_seqscan', 'TR'],
  ['client_min_messages', 'WARNING'],
])('%s = %j is read as the server does', async (name, value) => {
  await session.sql('BEGIN');
  await session.sql('SELECT set_config($1, $2, true)', [name, value]);
  const [row] = await session.sql('SELECT setting FROM pg_settings WHERE name = $1', [name]);
  await session.sql('ROLLBACK');
  expect(readValue(kindOf(name), value)).toEqual({ kind: 'read', value: row?.setting });
});

test.each([
  ['work_mem', 'much'],
  ['work_mem', '5 mb'],
  ['work_mem', '1s'],
  ['work_mem', '1kB'],
  ['work_mem', ''],
  ['max_connections', '10MB'],
  ['enable_seqscan', 'o'],
  ['enable_seqscan', 'maybe'],
])('%s = %j is refused, as by the server', async (name, value) => {
  expect(readValue(kindOf(name), value)).toMatchObject({ kind: 'bad' });
  const settable = name !== 'max_connections';
  if (settable) await expect(session.sql('SELECT set_config($1, $2, true)', [name, value])).rejects.toThrow();
});

test('sizes in bytes, by blocks too; what is no size, or stands for another, has none', () => {
  expect(bytesOf(kindOf('shared_buffers'), '16384')).toBe(128 * 1024 ** 2);
  expect(bytesOf(kindOf('work_mem'), '4096')).toBe(4 * 1024 ** 2);
  expect(bytesOf(kindOf('autovacuum_work_mem'), '-1')).toBeUndefined();
  expect(bytesOf(kindOf('statement_timeout'), '5')).toBeUndefined();
});

test('a secret is hidden, and an empty one is said to be empty', () => {
  const kind = { name: 'primary_conninfo', vartype: 'string', unit: null } as const;
  expect(valueText(kind, 'password=x')).toBe('********');
  expect(valueText(kind, '')).toBe("''");
  expect(valueText(kind, null)).toBe('-');
});
