import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  bloatedIndex,
  complaints,
  contextFor,
  holdIn,
  invalidIndexes,
  linesOf,
  planReindex,
  reached,
} from '../../../ops/reindex/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await bloatedIndex(session, 't', 1_000);
});
afterAll(() => db.drop());

test('with locks, behind a long reader: nobody waits longer than one attempt, and it gives up by name', async () => {
  const reader = await client(db.target(), 'reader');
  await reader.sql('BEGIN');
  await reader.sql('SELECT FROM t WHERE id = 10');
  const context = here();
  const plan = await planReindex(context, {
    index: ['t_t'],
    concurrently: false,
    lock_timeout: 0.3,
    wait: 1.2,
  });
  expect(plan).toMatchObject({ danger: 'type-name', subject: 'public.t_t' });
  expect(plan.steps[0]?.preview).toMatch(/;\nREINDEX \(VERBOSE\) INDEX "public"."t_t";$/);
  expect(complaints(plan)).toContainEqual(
    expect.stringMatching(
      new RegExp(`^warn Locks: Session ${reader.pid} \\(postgres, reader, idle in transaction`),
    ),
  );
  let longest = 0;
  let over = false;
  const others = await client(db.target(), 'others');
  const readers = (async () => {
    while (!over) {
      const began = performance.now();
      // reads that plan on the table lock all its indexes
      await others.sql("SELECT FROM t WHERE t = 'x10'");
      longest = Math.max(longest, performance.now() - began);
    }
  })();
  const { end, events } = await carryOut(plan, context);
  over = true;
  await readers;
  expect(end).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(
      new RegExp(
        `t was locked by session ${reader.pid} \\(.*could not be had in \\d attempts.*pgdeck terminate ${reader.pid}`,
        's',
      ),
    ),
  });
  expect(linesOf(events).join('\n')).toMatch(/retry in/);
  console.log(
    `longest wait of a reader behind REINDEX with a lock timeout of 300 ms: ${Math.round(longest)} ms`,
  );
  expect(longest).toBeGreaterThan(100);
  expect(longest).toBeLessThan(300 + 250);
  await reader.sql('ROLLBACK');
  const again = await planReindex(context, { index: ['t_t'], concurrently: false });
  expect((await carryOut(again, context)).end.status).toBe('done');
});

test('concurrently, readers and writers continue while it waits, and it says for whom', async () => {
  const letGo = await holdIn('writers before build', db, 't');
  const context = here();
  const plan = await planReindex(context, { table: ['t'] });
  const events: string[] = [];
  const running = carryOut(plan, context, {
    onEvent: (event) => {
      if (event.type === 'line') events.push(event.text);
      if (event.type === 'progress') events.push(`${event.label} ${event.phase} ${event.done}/${event.of}`);
    },
  });
  await reached(session, 'writers before build');
  await session.sql("SELECT FROM t WHERE t = 'x10'");
  await session.sql("INSERT INTO t VALUES (100000, 'new')");
  await until(
    () => events.some((text) => /^Waits for session \d+ \(postgres, holder, idle in transaction/.test(text)),
    {
      what: 'the sentence',
    },
  );
  expect(events).toContainEqual(expect.stringMatching(/^public\.t waiting for writers before build.* 0\/1$/));
  await letGo();
  expect((await running).end.status).toBe('done');
  expect(await invalidIndexes(session)).toEqual([]);
});

test('two at once: the second is refused', async () => {
  const letGo = await holdIn('writers before build', db, 't');
  const context = here();
  const first = carryOut(await planReindex(context, { index: ['t_t'] }), context);
  await reached(session, 'writers before build');
  const second = await carryOut(await planReindex(context, { index: ['t_pkey'] }), context);
  expect(second.end).toMatchObject({ status: 'refused', text: expect.stringMatching(/Another reindex of/) });
  await letGo();
  expect((await first).end.status).toBe('done');
});
