import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/client.ts';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const file = join(home, 'schema.json');
const config = join(home, 'config.json');
const env = cleanEnvironment(home);
let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql(
    'CREATE TABLE orders (id int PRIMARY KEY, total numeric); CREATE INDEX by_total ON orders (total)',
  );
  const { host, port } = serverTarget();
  const profile = { host, port: Number(port), user: 'postgres', database: db.database, sslmode: 'disable' };
  writeFileSync(
    config,
    JSON.stringify({ profiles: { shop: { ...profile, schema: { expected: file } }, plain: profile } }),
  );
});
afterAll(() => db.drop());

async function health(profile: string) {
  const { code, stdout, stderr } = await pgdeckHere(
    ['--config', config, '--profile', profile, 'health', '--json', '--category', 'schema', '--sample', '0.5'],
    env,
  );
  if (stdout === '') throw new Error(stderr);
  return { code, ...JSON.parse(stdout) };
}

test('what drifts is a finding with the command that mends it; without the setting nothing is expected', async () => {
  const made = await pgdeckHere(
    ['--config', config, '--profile', 'shop', 'schema', 'snapshot', '--out', file],
    env,
  );
  expect(made.code, made.stderr).toBe(0);
  expect(await health('shop')).toMatchObject({ code: 0, findings: [], unknown: [] });
  await session.sql('ALTER TABLE orders DROP COLUMN total');
  const { findings, code } = await health('shop');
  expect(code).toBe(2);
  expect(findings).toMatchObject([
    {
      id: 'schema_drift:missing:column:public.orders.total',
      category: 'schema',
      severity: 'critical',
      remedy: { operation: 'schema fix', input: { against: file } },
    },
    { id: 'schema_drift:minor', severity: 'warning' },
  ]);
  expect(await health('plain')).toMatchObject({ code: 0, findings: [] });
});

test('a file that cannot be read is unknown, not good', async () => {
  writeFileSync(file, '{');
  const { unknown, findings } = await health('shop');
  expect(findings).toEqual([]);
  expect(unknown).toMatchObject([{ check: 'schema_drift', reason: expect.stringContaining('is not JSON') }]);
});
