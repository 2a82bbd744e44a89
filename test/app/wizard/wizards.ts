import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import type { StageOptions } from '../stage.ts';
import { type Script, WizardStage } from './stage.ts';

/** Consoles with a wizard on a database of the file, each with a journal of its own; gone with their test. */
export function wizards() {
  const state = temporaryDirectory();
  const stages: WizardStage[] = [];
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterEach(async () => {
    await Promise.all(stages.splice(0).map((stage) => stage.stop()));
  });
  afterAll(() => db?.drop());

  /** A console that is not connected yet. */
  const made = (played: Script, options: StageOptions = {}, database?: string): WizardStage => {
    const env = { XDG_STATE_HOME: join(state, randomUUID()) };
    const target = { ...db.target(), ...(database !== undefined && { database }) };
    const stage = new WizardStage(target, played, { env, ...options });
    stages.push(stage);
    return stage;
  };
  /** A console with the plan on its screen. */
  const planned = async (played: Script, options?: StageOptions): Promise<WizardStage> => {
    const stage = made(played, options);
    await stage.start();
    await stage.plan();
    return stage;
  };
  return { made, planned };
}
