import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import { quoteIdent, quoteLiteral } from '../../../src/db/ident.ts';
import { createBeside } from '../../../src/ops/database/create.ts';
import {
  dropFresh,
  dropLeftover,
  dropSql,
  pruneBefore,
  surplusBefore,
} from '../../../src/ops/database/drop.ts';
import { findLeftovers, type Leftover } from '../../../src/ops/database/leftovers.ts';
import { writeMarker } from '../../../src/ops/database/markers.ts';
import { beforeName, shadowName } from '../../../src/ops/database/names.ts';
import { swapDatabases } from '../../../src/ops/restore/swap/swap.ts';
import { until } from '../../support/until.ts';
import { runId, type Stage, served, stage } from '../restore/swap/stage.ts';

let s: Stage;
beforeEach(async () => {
  s = await stage('swap_left');
});
afterEach(() => s.remove());

const find = async (database: string): Promise<Leftover> => {
  const found = (await findLeftovers(s.admin)).find((one) => one.database === database);
  if (found === undefined) throw new Error(`${database} is no leftover.`);
  return found;
};

const open = (database: string) =>
  s.admin.sql(`ALTER DATABASE ${quoteIdent(database)} WITH ALLOW_CONNECTIONS true`);

test('what is being loaded is shown while its run is at work, and dropped when that is dead', async () => {
  const lock = await connect(s.to('postgres'), 'workload', `pgdeck-lock:${s.run}`);
  expect(await find(s.fresh)).toMatchObject({
    kind: 'restoring',
    target: s.live,
    run: s.run,
    alive: true,
    remedies: ['show'],
  });
  await expect(dropLeftover(s.admin, await find(s.fresh))).rejects.toThrow('A restore of');
  await lock.close();
  // what the dead run had started goes on without it
  const orphan = await connect(s.to(s.fresh), 'workload', `pgdeck:${s.run}`);
  const elsewhere = await connect(s.to(s.live), 'workload', `pgdeck:${s.run}`);
  const dead = await find(s.fresh);
  expect(dead).toMatchObject({ alive: false, sessions: 1, remedies: ['drop'] });
  expect(dropSql(dead)).toEqual([
    // the text that is sent
    expect.stringMatching(
      /^SELECT .*pg_terminate_backend\(a\.pid\).*\sWHERE a\.application_name = 'pgdeck:\S+'::text AND a\.usename = .*session_user\)/s,
    ),
    `DROP DATABASE ${quoteIdent(s.fresh)} WITH (FORCE)`,
  ]);
  await dropLeftover(s.admin, dead);
  expect(await s.names()).toEqual([s.live]);
  await until(() => orphan.lost && elsewhere.lost, { what: 'the end of both sessions' });
  await expect(dropLeftover(s.admin, dead)).rejects.toThrow('is not what it was');
  expect(await served(s.to(s.live))).toBe('old');
});

test('where migrations were tried is dropped with them, marked or not', async () => {
  const shadow = shadowName(s.run);
  await s.admin.sql(`CREATE DATABASE ${quoteIdent(shadow)}`);
  expect(await find(shadow)).toMatchObject({ kind: 'unmarked', remedies: ['keep', 'drop'] });
  await s.admin.sql(
    `COMMENT ON DATABASE ${quoteIdent(shadow)} IS ${quoteLiteral(writeMarker({ pgdeck: 'rehearsing', target: s.live, run: s.run, comment: null }))}`,
  );
  const left = await find(shadow);
  expect(left).toMatchObject({ kind: 'rehearsing', target: s.live, remedies: ['drop'] });
  expect(left.meaning).toContain('What tried migrations or a structure for');
  await dropLeftover(s.admin, left);
  expect(await s.facts(shadow)).toBeUndefined();
});

test('a database of the same name that is not the one that was found is left alone', async () => {
  const found = await find(s.fresh);
  await s.admin.sql(`DROP DATABASE ${quoteIdent(s.fresh)}`);
  await createBeside(s.io, s.admin, {
    live: s.live,
    fresh: s.fresh,
    marker: { pgdeck: 'restoring', target: s.live, run: s.run },
  });
  await expect(dropLeftover(s.admin, found)).rejects.toThrow('is not what it was');
  expect(await dropFresh(s.admin, s.fresh, 'another run')).toBe(false);
  expect(await dropFresh(s.admin, s.live, s.run)).toBe(false);
  expect(await dropFresh(s.admin, s.fresh, s.run)).toBe(true);
  expect(await dropFresh(s.admin, s.fresh, s.run)).toBe(false);
});

test('after a swap the old one is kept, can be undone to, and is offered its name when that is free', async () => {
  await swapDatabases(s.io, s);
  expect(await find(s.before)).toMatchObject({
    kind: 'before',
    target: s.live,
    liveExists: true,
    remedies: ['keep', 'undo', 'drop'],
  });
  expect(await dropFresh(s.admin, s.before, s.run)).toBe(false);
  await s.admin.sql(`DROP DATABASE ${quoteIdent(s.live)}`);
  expect(await find(s.before)).toMatchObject({ liveExists: false, remedies: ['rename_back', 'keep'] });
});

test('closed, half dropped and unmarked databases are seen for what they are', async () => {
  const [live, fresh] = [quoteIdent(s.live), quoteIdent(s.fresh)];
  await s.admin.sql(`ALTER DATABASE ${live} WITH ALLOW_CONNECTIONS false`);
  expect(await find(s.live)).toMatchObject({ kind: 'closed', remedies: ['keep', 'reopen'] });
  await open(s.live);
  expect(await served(s.to(s.live))).toBe('old');
  await s.admin.sql(`COMMENT ON DATABASE ${fresh} IS NULL`);
  expect(await find(s.fresh)).toMatchObject({ kind: 'unmarked', remedies: ['keep', 'drop'] });
  await s.admin.sql('UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1', [s.fresh]);
  expect(await find(s.fresh)).toMatchObject({ kind: 'dropping', remedies: ['drop'] });
  await dropLeftover(s.admin, await find(s.fresh));
  expect(await s.names()).toEqual([s.live]);
  expect((await findLeftovers(s.admin)).filter(({ database }) => database === s.live)).toEqual([]);
});

/** An old copy as a swap leaves it. */
async function copy(n: number): Promise<string> {
  const run = runId(n);
  const name = beforeName(s.live, run);
  await s.admin.sql(`CREATE DATABASE ${quoteIdent(name)}`);
  const marker = writeMarker({ pgdeck: 'before', target: s.live, run, comment: null });
  await s.admin.sql(`COMMENT ON DATABASE ${quoteIdent(name)} IS ${quoteLiteral(marker)}`);
  await s.admin.sql(`ALTER DATABASE ${quoteIdent(name)} WITH ALLOW_CONNECTIONS false`);
  return name;
}

test('only old copies that are too many are dropped, never the last way back nor one in use', async () => {
  const [oldest, older, old, newest] = [
    await copy(51),
    await copy(52),
    await copy(53),
    await copy(54),
  ] as const;
  const leftovers = await findLeftovers(s.admin);
  const surplus = (options: Parameters<typeof surplusBefore>[2]) =>
    surplusBefore(leftovers, s.live, options).map(({ database }) => database);
  expect(surplus({})).toEqual([oldest]);
  expect(surplus({ keep: 0 })).toEqual([old, older, oldest]);
  expect(surplus({ keep: 1, inUse: [older] })).toEqual([old, oldest]);
  const orphaned = leftovers.map((one) => ({ ...one, liveExists: false }));
  expect(surplusBefore(orphaned, s.live, { keep: 1 })).toEqual([]);

  // a slot keeps WAL, and somebody reads from it: dropping it is not for us to decide
  await open(oldest);
  const slot = await connect(s.to(oldest), 'workload', 'slot');
  await slot.sql(`SELECT pg_create_logical_replication_slot('left_${process.pid}', 'pgoutput')`);
  await slot.close();
  try {
    expect(await pruneBefore(s.admin, s.live, { keep: 2 })).toEqual({
      dropped: [older],
      kept: [{ database: oldest, why: expect.stringContaining('replication slot') }],
    });
  } finally {
    await s.admin.sql(`SELECT pg_drop_replication_slot('left_${process.pid}')`);
  }
  expect(await pruneBefore(s.admin, s.live, { keep: 2 })).toEqual({ dropped: [oldest], kept: [] });
  expect((await s.names()).sort()).toEqual([s.live, s.fresh, old, newest].sort());
});

test('a database closed to PUBLIC is not shown to all while it is loaded', async () => {
  await s.admin.sql(`REVOKE CONNECT ON DATABASE ${quoteIdent(s.live)} FROM PUBLIC`);
  const fresh = `${s.live}_closed`;
  await createBeside(s.io, s.admin, {
    live: s.live,
    fresh,
    marker: { pgdeck: 'restoring', target: s.live, run: s.run },
  });
  const role = await s.role('');
  await expect(connect(s.to(fresh, role), 'workload')).rejects.toMatchObject({ code: '42501' });
  const other = await connect(s.to(s.fresh, role), 'workload');
  await other.close();
});

test('leftovers that somebody made templates are dropped and pruned too', async () => {
  const template = (name: string) => s.admin.sql(`ALTER DATABASE ${quoteIdent(name)} IS_TEMPLATE true`);
  const [old, newest] = [await copy(61), await copy(62)] as const;
  for (const one of [old, newest, s.fresh]) await template(one);
  expect(await pruneBefore(s.admin, s.live, { keep: 1 })).toEqual({ dropped: [old], kept: [] });
  const left = await find(newest);
  expect(dropSql(left)).toEqual([
    `ALTER DATABASE ${quoteIdent(newest)} IS_TEMPLATE false`,
    `DROP DATABASE ${quoteIdent(newest)}`,
  ]);
  await dropLeftover(s.admin, left);
  expect(await dropFresh(s.admin, s.fresh, s.run)).toBe(true);
  expect(await s.names()).toEqual([s.live]);
  // one that cannot be dropped is a template again
  const busy = await copy(63);
  await template(busy);
  await open(busy);
  const somebody = await connect(s.to(busy), 'workload', 'somebody');
  await expect(dropLeftover(s.admin, await find(busy))).rejects.toThrow(/being accessed|in use/);
  expect(await find(busy)).toMatchObject({ template: true });
  await somebody.close();
  await dropLeftover(s.admin, await find(busy));
});
