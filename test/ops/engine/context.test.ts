import { expect, onTestFinished, test } from 'vitest';
import { resolvedFor } from '../../../src/config/profile.ts';
import { placesOf, type RunsOn } from '../../../src/config/runs-on.ts';
import { NO_SETTINGS } from '../../../src/config/settings.ts';
import type { Host } from '../../../src/hosts/host.ts';
import { local } from '../../../src/hosts/local.ts';
import { createContext } from '../../../src/ops/engine/context.ts';
import { serverTarget } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const db: RunsOn = { kind: 'docker', container: 'db' };

/** A context of these places, and which were opened; the first attempts fail. */
function contextOf(places: Parameters<typeof placesOf>[0], failures = 0) {
  const opened: RunsOn[] = [];
  const context = createContext({
    resolved: { ...resolvedFor(serverTarget(), 'test', NO_SETTINGS), runsOn: placesOf(places) },
    operations: () => undefined,
    env: { HOME: home },
    host: { ...local, kind: 'docker', label: 'the container db' },
    openHost: async (runsOn): Promise<Host> => {
      opened.push(runsOn);
      if (opened.length <= failures) throw new Error('down');
      return { ...local, kind: 'docker', label: 'opened' };
    },
  });
  onTestFinished(() => context.close());
  return { context, opened };
}

test("the application's container is opened for each command: the one before may have restarted it", async () => {
  const app: RunsOn = { kind: 'docker', container: 'app' };
  const { context, opened } = contextOf({ runs_on: db, app: { runs_on: app } });
  expect(await context.at('app')).not.toBe(await context.at('app'));
  expect(opened).toEqual([app, app]);
});

test('a place is opened once, and that of the server is the one that is open', async () => {
  const tools: RunsOn = { kind: 'docker', container: 'tools' };
  const { context, opened } = contextOf({
    runs_on: db,
    migrations: { runs_on: tools },
    app: { runs_on: { ...db, port: 5433 } },
  });
  expect(await context.at('migrations')).toBe(await context.at('migrations'));
  expect(await context.at('app')).toBe(context.host);
  expect(opened).toEqual([tools]);
});

test('a place that could not be opened is tried again', async () => {
  const { context, opened } = contextOf({ migrations: { runs_on: db } }, 1);
  await expect(context.at('migrations')).rejects.toThrow('down');
  await context.at('migrations');
  expect(opened).toEqual([db, db]);
});
