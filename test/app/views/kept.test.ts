import { afterAll, beforeAll, expect, test } from 'vitest';
import { keptView } from '../../../src/app/views/kept.ts';
import { shownRows } from '../../../src/app/views/select.ts';
import { quoteIdent } from '../../../src/db/ident.ts';
import { Journal } from '../../../src/ops/engine/journal/journal.ts';
import { journalDirectory } from '../../../src/ops/engine/journal/runs.ts';
import type { Kept } from '../../../src/ops/kept/kept.ts';
import { dropLike, inDatabase } from '../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  await dropLike(`${db.database}__`);
  await db.drop();
});

test('the screen of operations shows what restores have left, with its size, and opens its drop', async () => {
  const env = { XDG_STATE_HOME: temporaryDirectory() };
  const before = `${db.database}__before_20260102T030405`;
  const copy = `${db.database}__mine`;
  const [row] = await inDatabase('postgres', async (session) => {
    for (const name of [before, copy, `${db.database}__other`])
      await session.sql(`CREATE DATABASE ${quoteIdent(name)}`);
    const marker = { pgdeck: 'before', target: db.database, run: '20260102T030405-abcdef' };
    await session.sql(`COMMENT ON DATABASE ${quoteIdent(before)} IS '${JSON.stringify(marker)}'`);
    return session.sql('SELECT oid::int8::int4 AS oid FROM pg_database WHERE datname = $1', [copy]);
  });
  const record = { operation: 'restore', subject: 'Restore', server: 's', input: {}, steps: [] };
  const journal = Journal.begin(journalDirectory(env, ''), record);
  journal.write({ type: 'record', step: 0, facts: { copy: { database: copy, oid: row?.oid, of: null } } });
  journal.end('done', `pgdeck db drop ${copy}`);

  const stage = await new Stage(db.target(), { env }).start();
  try {
    stage.keys('8', 'tab');
    const rows = await stage.seconds(() => {
      const found = shownRows(keptView, stage.deck.model, stage.deck.state).rows as Kept[];
      const mine = found.filter(({ name }) => name.startsWith(`${db.database}__`));
      return mine.length >= 2 && mine;
    }, 'the kept databases');
    expect(rows.map(({ name, kind }) => [name, kind]).sort()).toEqual([
      [before, 'before'],
      [copy, 'copy'],
    ]);
    for (const { row: facts } of rows) expect(facts.total_bytes).toBeGreaterThan(1_000_000);
    stage.filter('__mine');
    stage.keys('D');
    expect(stage.deck.state.overlay).toMatchObject({ kind: 'wizard' });
    await stage.seconds(() => {
      const phase = stage.deck.state.wizards.at(-1)?.phase;
      return phase?.step === 'plan' && phase.plan.subject === copy;
    }, 'the plan of its drop');
  } finally {
    await stage.stop();
  }
});
