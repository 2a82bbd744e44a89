import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let role: string;

beforeAll(async () => {
  db = await testDatabase();
  role = await db.roleWith();
  const session = await client(db.target());
  await session.sql(
    `DROP EXTENSION IF EXISTS pg_stat_statements; CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO ${role}; ALTER ROLE ${role} CREATEDB`,
  );
});
afterAll(() => db.drop());

const envOf = (user: string) => {
  const { host, port } = serverTarget();
  return cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: db.database,
    BACKUP_DIR: join(home, 'backups'),
  });
};

test('grants of a backup are compared where they can be loaded, and told as not compared elsewhere', async () => {
  expect((await pgdeck(['backup'], envOf('postgres'))).code).toBe(0);
  const check = async (user: string) => {
    const { stdout } = await pgdeck(
      ['schema', 'check', '--against', 'latest', '--grants', '--json'],
      envOf(user),
    );
    const { issues, compared, notCompared, error } = JSON.parse(stdout);
    expect(error).toBeUndefined();
    return {
      issues,
      compared: compared.includes('owners and grants'),
      why: notCompared.find(({ what }: { what: string }) => what === 'owners and grants')?.why,
    };
  };
  expect(await check('postgres')).toEqual({ issues: [], compared: true, why: undefined });
  expect(await check(role)).toEqual({
    issues: [],
    compared: false,
    why: expect.stringContaining('came without them'),
  });
});
