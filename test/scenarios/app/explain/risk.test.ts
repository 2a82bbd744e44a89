import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/client.ts';
import { functionOwners } from '../../../../src/db/explain.ts';
import { activityPoll } from '../../../../src/db/queries/activity.ts';
import { type Begun, begin } from '../../../app/begin.ts';
import { Stage } from '../../../app/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';

/*
 * Planning folds immutable functions with the rights of whoever asks for the plan. A function of a role with fewer
 * rights, marked immutable, would run as the operator.
 */

let db: TestDatabase;
let owner: Session;
let bob: string;
let running: Begun;

beforeAll(async () => {
  db = await testDatabase();
  owner = await client(db.target());
  bob = await db.roleWith();
  await owner.sql(`CREATE SCHEMA bobs AUTHORIZATION "${bob}"`);
  const session = await client(db.target(bob));
  await session.sql(
    `CREATE FUNCTION bobs.innocent() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
       IF current_user <> '${bob}' THEN RAISE EXCEPTION 'bob ran as %', current_user; END IF; RETURN 1; END $$`,
  );
  running = await begin(owner, db.target(bob), 'SELECT pg_sleep(600) WHERE bobs.innocent() = 1');
});

afterAll(async () => {
  await running?.end();
  await db?.drop();
});

async function opened(stage: Stage): Promise<Stage> {
  stage.keys('2');
  stage.filter(String(running.pid));
  await stage.seconds(
    () => stage.deck.model.rows(activityPoll).some((r) => r.pid === running.pid),
    'the session',
  );
  return stage;
}

test('owners are those whose functions the planner may call with more rights than they have', async () => {
  expect(await owner.run(functionOwners, undefined)).toEqual([{ rolname: bob }]);
  const own = await client(db.target(bob));
  expect(await own.run(functionOwners, undefined)).toEqual([]);
});

test('it asks first, No is the default, and only Yes plans', async () => {
  const stage = await opened(await new Stage(db.target()).start());
  try {
    stage.keys('e');
    const risk = await until(() => stage.overlay('explain').risk, { what: 'the question' });
    expect(risk).toMatchObject({ owners: [bob], yes: false });
    stage.keys('enter');
    expect(stage.deck.state.overlay).toBeUndefined();

    stage.keys('e');
    await until(() => stage.overlay('explain').risk, { what: 'the question' });
    stage.keys('y');
    const problem = await until(() => stage.overlay('explain').problem, { what: 'the answer' });
    // that it ran at all, and as the operator, is the reason to ask
    expect(problem).toContain('bob ran as postgres');
  } finally {
    await stage.stop();
  }
});

test('read-only: it is not even asked', async () => {
  const stage = await opened(await new Stage(db.target(), { readOnly: true }).start());
  try {
    stage.keys('e');
    const problem = await until(() => stage.overlay('explain').problem, { what: 'the refusal' });
    expect(problem).toMatch(new RegExp(`^Read-only: planning can run functions of ${bob}`));
  } finally {
    await stage.stop();
  }
});
