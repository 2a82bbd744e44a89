import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { Hook } from './inbox.ts';
import { Program } from './program.ts';
import { as, MANY, type Stage } from './stage.ts';

const RELATIONS = 1000;
/** As many rows as make it more than a remark. */
const ROWS = 1000;
/** Ten by themselves, and one that stands for the others. */
const TOLD = 11;
/** Three readings, which are five minutes apart where one of them took more than a moment. */
const SEEN_MS = 700_000;
/** A second flood would come with the next reading. */
const READINGS_MS = 12_000;

/** What is told of a thousand relations with the same finding, when it comes and when it goes. */
export async function many(stage: Stage): Promise<string[]> {
  await as(
    stage.primary,
    (session) =>
      session.sql(`DO $$ BEGIN
        CREATE SCHEMA wide;
        FOR i IN 1..${RELATIONS} LOOP
          EXECUTE format('CREATE TABLE wide.t%s (id int) WITH (autovacuum_enabled = off)', i);
          EXECUTE format('INSERT INTO wide.t%s SELECT generate_series(1, ${ROWS})', i);
        END LOOP; END $$`),
    MANY,
  );
  const hook = await new Hook().up();
  const begin = () => new Program(stage, MANY, [], { PGDECK_WEBHOOK_URL: hook.url });
  let program = begin();
  const told = (state: string) =>
    hook.taken.filter((one) => one.check === 'autovacuum_off' && one.state === state);
  const faults: string[] = [];
  const expect = (state: string) => {
    const objects = told(state).map(({ object }) => object);
    const groups = objects.filter((object) => object === '*').length;
    if (objects.length !== TOLD || groups !== 1 || new Set(objects).size !== TOLD)
      faults.push(`${RELATIONS} relations: ${state} was told of ${objects.join(', ') || 'nothing'}`);
  };
  try {
    await until(() => told('raised').length >= TOLD, { what: 'alerts of many relations', timeout: SEEN_MS });
    await delay(READINGS_MS);
    expect('raised');
    // what is read every five minutes is read anew by another one, which knows what stands
    await program.stop();
    await as(stage.primary, (session) => session.sql('DROP SCHEMA wide CASCADE'), MANY);
    program = begin();
    await until(() => told('resolved').length >= TOLD, { what: 'the end of all', timeout: SEEN_MS });
    expect('resolved');
    expect('raised');
  } catch (error) {
    faults.push(`${RELATIONS} relations: ${(error as Error).message}`);
  } finally {
    await program.stop();
    await hook.down();
  }
  return faults;
}
