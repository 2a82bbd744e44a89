import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { compared, complaints, contextFor, linesOf, planVacuum } from '../../../ops/maintain/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
});
afterAll(() => db.drop());

describe('a lock in the way', () => {
  test('is named before, and again when patience ends; the other tables are done', async () => {
    await app.sql('CREATE TABLE free (id int)');
    await app.sql('CREATE TABLE held (id int)');
    const holder = await client(db.target(), 'holder');
    await holder.sql('BEGIN');
    await holder.sql('LOCK TABLE held IN SHARE MODE');
    const context = contextFor(db.target(), home);
    const input = { table: ['held', 'free'], lock_timeout: 0.1, wait: 0.5 };
    const plan = await planVacuum(context, input);
    const who = `ession ${holder.pid} (postgres, holder, idle in transaction for `;
    expect(complaints(plan)[0]).toContain(`warn Locks: S${who}`);
    expect(complaints(plan)[0]).toContain(`To end it: pgdeck terminate ${holder.pid}`);
    const { end, events } = await carryOut(plan, context);
    expect(end.status).toBe('failed');
    expect(end.text).toMatch(
      /^Vacuum public.held: public.held was locked by session \d+ .* in \d+ attempts within 0.5s/,
    );
    expect(compared(events)).toMatchObject({
      'public.free': { outcome: 'done' },
      'public.held': { outcome: 'failed' },
    });
    const skipped = await planVacuum(context, { ...input, skip_locked: true });
    expect(complaints(skipped)).toEqual([]);
    const second = await carryOut(skipped, context);
    expect(second.end.status).toBe('done');
    expect(compared(second.events)).toMatchObject({ 'public.held': { outcome: 'skipped: locked' } });
    await holder.sql('ROLLBACK');
  });

  test('leaves only an estimate of the size, and says so', async () => {
    await app.sql('CREATE TABLE sized AS SELECT generate_series(1, 1000) AS id');
    await app.sql('VACUUM ANALYZE sized');
    const holder = await client(db.target(), 'holder');
    const context = contextFor(db.target(), home);
    const shown = async () => {
      const { tables, facts } = await planVacuum(context, { table: ['sized'] });
      return {
        columns: tables?.[0]?.columns,
        size: tables?.[0]?.rows[0]?.[1],
        fact: facts.find(({ label }) => label === 'Tables')?.value,
      };
    };
    await holder.sql('BEGIN');
    await holder.sql('LOCK TABLE sized IN ACCESS EXCLUSIVE MODE');
    expect(await shown()).toEqual({
      columns: ['table', 'size', 'vacuum', 'bloat (estimate)', 'age (xids)', 'last vacuum'],
      size: expect.stringMatching(/^~\d+ kB$/),
      fact: expect.stringMatching(/^1, ~\d+ kB, 0 due$/),
    });
    await holder.sql('ROLLBACK');
    expect(await shown()).toMatchObject({
      size: expect.stringMatching(/^\d+ kB$/),
      fact: expect.stringMatching(/^1, \d+ kB, 0 due$/),
    });
  });

  test('is had once it is free', async () => {
    await app.sql('CREATE TABLE later (id int)');
    const holder = await client(db.target(), 'holder');
    await holder.sql('BEGIN');
    await holder.sql('SELECT * FROM later');
    const context = contextFor(db.target(), home);
    const plan = await planVacuum(context, { table: ['later'], full: true, lock_timeout: 0.1, wait: 30 });
    const { end, events } = await carryOut(plan, context, {
      onEvent: (event) => {
        if (event.type === 'line' && event.text.includes('retry in'))
          void holder.sql('COMMIT').catch(() => {});
      },
    });
    expect(end.status).toBe('done');
    const waits = events.filter((event) => event.type === 'waits');
    expect(waits[0]).toMatchObject({
      who: expect.stringMatching(/^session \d+ \(postgres, holder/),
      until: expect.any(Number),
    });
    expect(waits.at(-1)).toMatchObject({ who: null });
    expect(linesOf(events)[0]).toMatch(
      /^public.later is locked by session \d+ \(postgres, holder, idle in transaction/,
    );
  });

  test('behind an ALTER TABLE that waits for a reader: the one that is ahead is named', async () => {
    await app.sql('CREATE TABLE behind (id int)');
    const reader = await client(db.target(), 'reader');
    await reader.sql('BEGIN');
    await reader.sql('SELECT * FROM behind');
    const alter = await client(db.target(), 'alter');
    const altered = alter.sql('ALTER TABLE behind ADD COLUMN more int');
    await until(
      async () =>
        (await app.sql('SELECT FROM pg_locks WHERE pid = $1 AND NOT granted', [alter.pid])).length > 0,
      { what: 'ALTER TABLE waits' },
    );
    const context = contextFor(db.target(), home);
    const plan = await planVacuum(context, { table: ['behind'], lock_timeout: 0.1, wait: 0.3 });
    const { end, events } = await carryOut(plan, context);
    await reader.sql('ROLLBACK');
    await altered;
    const ahead = `waited for by session ${alter.pid} \\(postgres, alter, active .*\\), which is ahead`;
    expect(linesOf(events)).toContainEqual(expect.stringMatching(new RegExp(`^public\\.behind is ${ahead}`)));
    expect(end.text).toMatch(new RegExp(`behind was ${ahead}.*could not be had.*pgdeck cancel ${alter.pid}`));
  });
});
