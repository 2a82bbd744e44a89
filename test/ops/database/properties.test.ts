import { afterEach, beforeEach, expect, test } from 'vitest';
import { quoteIdent } from '../../../src/db/ident.ts';
import { applyProperties, databaseProperties } from '../../../src/ops/database/properties.ts';
import { catalog, dress } from '../restore/swap/dressed.ts';
import { testIo } from '../restore/swap/io.ts';
import { type Stage, stage } from '../restore/swap/stage.ts';

let s: Stage;
beforeEach(async () => {
  s = await stage('swap_properties');
});
afterEach(() => s.remove());

test('owner, grants, limit, comment and settings with every kind of quoting are the same afterwards', async () => {
  const undress = await dress(s);
  try {
    const wanted = await catalog(s, s.live);
    expect(wanted.settings).toContain('- search_path="Mixed Case", app, "we,ird""q", public');
    const statements = await databaseProperties(s.admin, s.live, s.fresh, { comment: true });
    await applyProperties(s.admin, statements);
    expect(await catalog(s, s.fresh)).toEqual(wanted);
    // done again they change nothing
    await applyProperties(s.admin, statements);
    expect(await catalog(s, s.fresh)).toEqual(wanted);
  } finally {
    await undress();
  }
});

test('a database without any has none afterwards, and the marker stays', async () => {
  const marker = (await s.facts(s.fresh))?.comment;
  const statements = await databaseProperties(s.admin, s.live, s.fresh);
  expect(statements).toEqual([`ALTER DATABASE ${quoteIdent(s.fresh)} OWNER TO postgres`]);
  await applyProperties(s.admin, statements);
  expect(await catalog(s, s.fresh)).toEqual({ ...(await catalog(s, s.live)), comment: marker });
  await expect(databaseProperties(s.admin, 'nowhere', s.fresh)).rejects.toThrow(
    'There is no database nowhere',
  );
});

test('one that fails leaves all undone, and is named', async () => {
  const role = await s.role('CREATEDB');
  for (const name of [s.live, s.fresh])
    await s.admin.sql(`ALTER DATABASE ${quoteIdent(name)} OWNER TO ${role}`);
  const before = await catalog(s, s.fresh);
  const io = testIo(s.to('postgres', role), s.run);
  const session = await io.connect();
  await expect(
    applyProperties(session, [
      `ALTER DATABASE ${quoteIdent(s.fresh)} CONNECTION LIMIT 7`,
      `ALTER DATABASE ${quoteIdent(s.fresh)} IS_TEMPLATE true`,
      `ALTER DATABASE ${quoteIdent(s.fresh)} SET log_statement = 'all'`,
    ]),
  ).rejects.toThrow(/SET log_statement/);
  expect(await catalog(s, s.fresh)).toEqual(before);
  await io.close();
});
