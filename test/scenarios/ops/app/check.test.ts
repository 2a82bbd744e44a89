import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { snapshotFile } from '../../../ops/schema/apply/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const migrations = join(home, 'migrations');
let db: TestDatabase;
let session: Session;
let app: Server;
let url: string;
let status = 200;
let asked = 0;
let made = 0;
let env: Record<string, string>;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  app = createServer((_request, response) => {
    asked += 1;
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(app.address() as AddressInfo).port}/health`;
  const { host, port, user, database } = db.target();
  const settings = join(home, 'settings.json');
  const profile = { host, port, user, database, sslmode: 'disable', app: { check: { url, timeout: 1 } } };
  writeFileSync(settings, JSON.stringify({ profiles: { shop: profile } }));
  env = cleanEnvironment(home, { PGDECK_CONFIG: settings });
  mkdirSync(migrations);
});
afterAll(async () => {
  app?.close();
  await db?.drop();
});
beforeEach(() => {
  status = 200;
  asked = 0;
});

/** What changes the database, and how it is seen that it has. */
const CHANGES = {
  'schema fix': async () => {
    await session.sql(
      'DROP TABLE IF EXISTS kept; CREATE TABLE kept (id int); CREATE INDEX kept_id ON kept (id)',
    );
    const against = await snapshotFile(home, session);
    await session.sql('DROP INDEX kept_id');
    return {
      args: ['schema', 'fix', '--against', against],
      yes: ['--confirm', db.database],
      done: 'kept_id',
      state: `${db.database} is as expected; 1 addition made.`,
    };
  },
  'migrate up': async () => {
    made += 1;
    const version = String(20260101000000 + made);
    const file = `-- migrate:up\nCREATE TABLE made${made} (id int);\n\n-- migrate:down\nDROP TABLE made${made};\n`;
    writeFileSync(join(migrations, `${version}_made.sql`), file);
    return {
      args: ['migrate', 'up', '--dir', migrations],
      yes: ['--yes'],
      done: `made${made}`,
      state: `${db.database} has migration ${version}.`,
    };
  },
} as const;

const there = async (name: string) =>
  (await session.sql(`SELECT to_regclass('${name}') IS NOT NULL AS there`))[0]?.there;

test.each(Object.keys(CHANGES) as (keyof typeof CHANGES)[])(
  'after %s the application is asked whether it is well, as the plan says',
  async (what) => {
    const { args, yes, done } = await CHANGES[what]();
    const plan = await pgdeck(['--profile', 'shop', ...args, '--plan'], env);
    expect(plan.stdout, plan.stderr).toContain(`GET ${url} is answered with 200 to 299, within 1 s`);
    expect([asked, await there(done)]).toEqual([0, false]);
    const { code, stdout, stderr } = await pgdeck(['--profile', 'shop', ...args, ...yes], env);
    expect(code, stdout + stderr).toBe(0);
    expect([asked, await there(done)]).toEqual([1, true]);
  },
);

test.each(Object.keys(CHANGES) as (keyof typeof CHANGES)[])(
  'after %s an application that is not well fails the run, which says what has changed all the same',
  async (what) => {
    const { args, yes, done, state } = await CHANGES[what]();
    status = 503;
    const { code, stdout, stderr } = await pgdeck(['--profile', 'shop', ...args, ...yes], env);
    const said = `${stdout}\n${stderr}`;
    expect(code, said).toBe(1);
    expect(said).toContain(`does not answer as expected at ${url} after 1 s: 503 Service Unavailable`);
    expect(said).toContain('What was done to the database stays.');
    expect(await there(done)).toBe(true);
    expect(said).toContain(`\n${state}`);
  },
);
