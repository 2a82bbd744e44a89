import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { readRun } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { restore } from '../../../../src/ops/restore/restore.ts';
import { swapChecks } from '../../../../src/ops/restore/swap/checks.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  backedUp,
  blocks,
  contextIn,
  dropLike,
  inDatabase,
  planRestore,
  restored,
} from '../../../ops/restore/stage.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const name = `owned_${process.pid}`;
const [owner, other, member, reader] = ['owner', 'other', 'member', 'reader'].map((one) => `${name}_${one}`);
const target = (database: string, user = owner) => ({ ...serverTarget(), database, user: user ?? '' });

beforeAll(async () => {
  await inDatabase('postgres', async (session) => {
    await session.sql(
      `CREATE ROLE ${owner} LOGIN CREATEDB; CREATE ROLE ${other} LOGIN CREATEDB; CREATE ROLE ${reader};
       CREATE ROLE ${member} LOGIN CREATEDB; GRANT postgres TO ${member}`,
    );
    await session.sql(`CREATE DATABASE ${name} OWNER ${owner}`);
  });
  const own = await connect(target(name), 'workload', 'stage');
  await own.sql(
    `CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm;
     CREATE TABLE things (id integer PRIMARY KEY, tags hstore, mail citext UNIQUE, word text);
     CREATE INDEX ON things USING gin (word gin_trgm_ops); GRANT SELECT ON things TO ${reader};
     INSERT INTO things SELECT n, hstore('n', n::text), 'M' || n, 'word ' || n FROM generate_series(1, 50) n`,
  );
  await own.close();
  await inDatabase(name, (session) => session.sql("COMMENT ON EXTENSION hstore IS 'ours'"));
});
afterAll(async () => {
  await dropLike(name);
  await inDatabase('postgres', (session) =>
    session.sql(`DROP ROLE ${owner}, ${other}, ${member}, ${reader}`),
  );
});

const rows = async (database = name) => {
  const found = await inDatabase(database, (session) =>
    session.sql("SELECT count(*)::int AS n, bool_and((tags -> 'n')::int = id) AS tagged FROM things"),
  );
  return found[0];
};
const change = () => inDatabase(name, (session) => session.sql('DELETE FROM things WHERE id > 10'));
const undo = async (context: OpContext, run: string) => {
  const found = readRun(context.journal, run);
  const plan = found && (await restore.undo?.(found, context));
  return plan && (await carryOut(plan, context)).end;
};

test.each([['custom'], ['directory'], ['plain']])(
  'an owner without more rights restores a database with trusted extensions, in every way: %s',
  async (format) => {
    const context = contextIn(target(name), home);
    const { id, manifest } = await backedUp(context, { format });
    // of the extensions' objects it is not the dump that decides
    expect(manifest?.roles).toEqual([owner, reader].sort());
    expect(manifest?.owners).toEqual(format === 'plain' ? [owner] : undefined);
    await change();
    const swapped = await restored(context, { backup: id });
    expect(swapped.end, swapped.end.text).toMatchObject({ ok: true });
    expect(await rows()).toEqual({ n: 50, tagged: true });
    expect(await undo(context, swapped.end.run)).toMatchObject({ ok: true });
    expect(await rows()).toEqual({ n: 10, tagged: true });
    const placed = await restored(context, { backup: id, in_place: true });
    expect(placed.end, placed.end.text).toMatchObject({ ok: true });
    expect(await rows()).toEqual({ n: 50, tagged: true });
    const beside = await restored(context, { backup: id, into: `${name}_${format}` });
    expect(beside.end).toMatchObject({ ok: true });
    expect(await rows(`${name}_${format}`)).toEqual({ n: 50, tagged: true });
  },
  120_000,
);

test('nobody is told to become a superuser', async () => {
  await inDatabase(name, (session) => session.sql('CREATE TABLE of_boss (id integer)'));
  const boss = contextIn({ ...target(name), user: 'postgres' }, home);
  const { id } = await backedUp(boss);
  const plan = await planRestore(contextIn(target(name), home), { backup: id });
  expect(blocks(plan).filter((text) => text.startsWith('Roles'))).toEqual([
    `Roles: ${owner} cannot give objects to postgres. Connect as a superuser. ` +
      'Or give --no-owner: everything will belong to the role that restores.',
  ]);
  // a plain dump cannot be loaded without its owners, so that is not offered
  const plain = await backedUp(boss, { format: 'plain' });
  const roles = async (input: object) =>
    blocks(await planRestore(contextIn(target(name), home), { backup: plain.id, ...input }))
      .filter((text) => text.startsWith('Roles'))
      .join();
  expect(await roles({})).toMatch(/cannot give objects to postgres\. Connect as a superuser\.$/);
  expect(await roles({ no_owner: true })).toMatch(
    /as it stands, with its owners and grants: leave --no-owner out/,
  );
  const asked = async () => {
    const checks = await inDatabase('postgres', async () => {
      const session = await connect(target('postgres', other), 'slow', 'plan');
      try {
        return await swapChecks(session, { live: name });
      } finally {
        await session.close();
      }
    });
    return checks.find(({ title }) => title === 'Privileges')?.detail;
  };
  expect(await asked()).toContain(`GRANT "${owner}" TO "${other}"`);
  // whose membership would make a superuser
  await inDatabase('postgres', (session) => session.sql(`ALTER DATABASE ${name} OWNER TO ${member}`));
  expect(await asked()).toContain('a superuser: connect as a superuser');
}, 60_000);
