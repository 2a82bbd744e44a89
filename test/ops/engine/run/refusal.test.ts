import { expect, test } from 'vitest';
import { contexts } from './contexts.ts';
import { carryOut, planOf, step } from './stage.ts';

const { database, context, nowhere } = contexts();

test('read-only mode refuses what changes the server, and nothing else', async () => {
  const seen: string[] = [];
  const plan = planOf([step('one', async () => void seen.push('one'))]);
  const refused = await carryOut(plan, context({ readOnly: true }));
  expect(refused.events).toHaveLength(1);
  expect(refused.end).toMatchObject({
    ok: false,
    status: 'refused',
    text: expect.stringContaining('read-only'),
  });
  expect([seen, refused.run]).toEqual([[], undefined]);
  expect((await carryOut({ ...plan, writes: false }, context({ readOnly: true }))).end.ok).toBe(true);
  expect(seen).toEqual(['one']);
});

test('a read-only session writes nothing, whatever a step tries', async () => {
  const plan = planOf(
    [step('one', async (io) => void (await (await io.connect()).sql('CREATE TABLE public.sneaky (a int)')))],
    { writes: false },
  );
  const { end } = await carryOut(plan, context({ readOnly: true }));
  expect(end).toMatchObject({ status: 'failed', text: expect.stringContaining('read-only transaction') });
});

test('a blocked check refuses the run and says which, a warning does not', async () => {
  const warn = { title: 'Disk', status: 'warn', detail: 'is getting full' } as const;
  const block = { title: 'Client programs', status: 'block', detail: 'pg_dump is missing.' } as const;
  const plan = planOf([step('one', async () => {})], { checks: [warn, block] });
  const { end, run } = await carryOut(plan, context());
  expect(end).toMatchObject({ status: 'refused', text: 'Client programs: pg_dump is missing.' });
  expect(run).toBeUndefined();
  expect((await carryOut({ ...plan, checks: [warn] }, context())).end.status).toBe('done');
});

test('one run per server, database and family at a time', async () => {
  const lock = { family: 'restore', database: database().database };
  const { promise: inside, resolve: enter } = Promise.withResolvers<void>();
  const { promise: leave, resolve: go } = Promise.withResolvers<void>();
  const first = carryOut(
    planOf(
      [
        step('hold', async () => {
          enter();
          await leave;
        }),
      ],
      { locks: [lock] },
    ),
    context(),
  );
  await inside;
  const other = planOf([step('one', async () => {})]);
  const second = await carryOut({ ...other, locks: [lock] }, context());
  expect(second.end).toMatchObject({
    status: 'refused',
    text: expect.stringMatching(`Another restore of ${database().database} is running: .*session \\d+ of `),
  });
  expect((await carryOut({ ...other, locks: [{ ...lock, family: 'backup' }] }, context())).end.ok).toBe(true);
  go();
  expect((await first).end.ok).toBe(true);
  expect((await carryOut({ ...other, locks: [lock] }, context())).end.ok).toBe(true);
});

test('a server that cannot be reached refuses the run as such', async () => {
  const lock = { family: 'backup', database: 'shop' };
  const { end } = await carryOut(planOf([step('one', async () => {})], { locks: [lock] }), nowhere());
  expect(end).toMatchObject({ status: 'refused', unreachable: true });
});
