import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { outcomeSentence, refusalSentence } from '../../../../src/ops/signal/sentences.ts';
import type { SignalAction } from '../../../../src/ops/signal/types.ts';
import { isThere, kinds, outcomes, planSignal, sleeping } from '../../../ops/signal/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';

let db: TestDatabase;
let admin: Session;
let owner: string;

beforeAll(async () => {
  db = await testDatabase();
  admin = await connect(db.target(), 'control', 'pgdeck-control');
  owner = await db.roleWith();
});

afterAll(async () => {
  await admin.close();
  await db.drop();
});

const app = (role = owner) => client(db.target(role), 'app');
const controlAs = (role: string) => connect(db.target(role), 'control', 'pgdeck-control');
const plan = (control: Session, action: SignalAction, session: Session, unverified = false) =>
  planSignal(control, { action, pick: { pids: [{ pid: session.pid }] }, unverified });

test('a role without rights is told which grant it needs, and may end its own sessions', async () => {
  const role = await db.roleWith();
  const control = await controlAs(role);
  const [foreign, own] = [await app(), await app(role)];
  const { refused, victims } = await plan(control, 'terminate', foreign);
  expect(victims).toEqual([]);
  expect(refused).toMatchObject([{ pid: foreign.pid, why: 'not_permitted' }]);
  expect(refused[0] && refusalSentence(refused[0])).toBe(
    `${role} may not signal session ${foreign.pid} of ${owner}@${db.database} (app). ` +
      `Run as a superuser: GRANT pg_signal_backend TO "${role}", or GRANT "${owner}" TO "${role}".`,
  );
  expect(kinds(await outcomes(control, await plan(control, 'terminate', own)))).toEqual({
    [own.pid]: 'ended',
  });
  expect(await isThere(admin, foreign.pid)).toBe(true);
  await control.close();
});

test('pg_signal_backend does not reach the session of a superuser', async () => {
  const control = await controlAs(await db.roleWith('pg_signal_backend', 'pg_read_all_stats'));
  const [superuser, plain] = [await app('postgres'), await app()];
  const { refused } = await plan(control, 'terminate', superuser);
  expect(refused).toMatchObject([
    { why: 'not_permitted', remedy: expect.stringContaining('Only a superuser') },
  ]);
  expect(kinds(await outcomes(control, await plan(control, 'terminate', plain)))).toEqual({
    [plain.pid]: 'ended',
  });
  await control.close();
});

test('a right that is lost between plan and signal is an outcome that names the grant', async () => {
  const role = await db.roleWith('pg_signal_backend', 'pg_read_all_stats');
  const control = await controlAs(role);
  const victim = await app();
  const made = await plan(control, 'terminate', victim);
  await admin.sql(`REVOKE pg_signal_backend FROM "${role}"`);
  const [outcome] = await outcomes(control, made);
  expect(outcome).toMatchObject({
    kind: 'not_permitted',
    remedy: expect.stringContaining(`GRANT pg_signal_backend TO "${role}"`),
  });
  expect(outcome && outcomeSentence(outcome)).toMatch(
    /may not be signalled by this role: .*GRANT pg_signal_backend/,
  );
  expect(await isThere(admin, victim.pid)).toBe(true);
  await control.close();
});

test('where the start of a session is hidden, nothing is sent unless that is confirmed', async () => {
  const role = await db.roleWith('pg_signal_backend');
  const control = await controlAs(role);
  const [first, second] = [await app(), await app()];
  const { refused, victims } = await plan(control, 'terminate', first);
  expect(victims).toEqual([]);
  expect(refused).toMatchObject([
    { why: 'unverified', remedy: `Run as a superuser: GRANT pg_read_all_stats TO "${role}".` },
  ]);

  const confirmed = await plan(control, 'terminate', first, true);
  expect(confirmed.victims).toMatchObject([{ guard: { by: 'name' } }]);
  const renamed = confirmed.victims.map((victim) => ({
    ...victim,
    target: { ...victim.target, application_name: 'another' },
  }));
  expect(kinds(await outcomes(control, { ...confirmed, victims: renamed }))).toEqual({
    [first.pid]: 'already_gone',
  });
  expect(await isThere(admin, first.pid)).toBe(true);
  expect(kinds(await outcomes(control, confirmed))).toEqual({ [first.pid]: 'ended' });

  const { over } = await sleeping(admin, second);
  const [cancelled] = await outcomes(control, await plan(control, 'cancel', second, true));
  expect(cancelled?.kind).toBe('sent');
  expect((await over)?.code).toBe('57014');
  await control.close();
});
