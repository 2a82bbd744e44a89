import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import type { OpContext } from '../../../../src/ops/context.ts';
import type { Backup } from '../../../../src/ops/repository/repository.ts';
import { client, testDatabase } from '../../../support/cluster.ts';
import { everything } from '../../../support/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { contextOf } from '../../run/stage.ts';
import { dump, fingerprint, restore } from './stage.ts';

const directory = temporaryDirectory();
let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;
let context: OpContext;
let backup: Backup;

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  await everything(session);
  backup = await dump(database.target(), join(directory, 'all.dump'));
  context = contextOf(database.target(), directory);
});
afterAll(async () => {
  await context.close();
  await database.drop();
});

const sql = (text: string) => session.sql(text);

describe('replace', () => {
  test('brings back what was changed, deleted and added', async () => {
    const before = await fingerprint(session);
    await sql(`UPDATE app.customers SET name = 'changed' WHERE id <= 10`);
    await sql('DELETE FROM app.orders WHERE customer = 20');
    await sql('DELETE FROM app.customers WHERE id = 20');
    const { end, foretold, done } = await restore(
      context,
      backup,
      ['app.customers', 'app.orders'],
      'replace',
    );
    expect(end).toMatchObject({ status: 'done' });
    expect(done).toEqual({ 'app.customers': ['1', '10', '189', '0'], 'app.orders': ['4', '0', '696', '0'] });
    expect(foretold).toEqual(done);
    expect(await fingerprint(session)).toBe(before);
  });
});
