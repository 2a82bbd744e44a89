import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Console } from '../../../../src/app/console.ts';
import { Seat } from '../../../../src/app/seat.ts';
import { ServerChoices } from '../../../../src/app/servers/choices.ts';
import { watchOptions } from '../../../../src/app/watch.ts';
import { resolve } from '../../../../src/config/profile.ts';
import { readSettings } from '../../../../src/config/store.ts';
import { summaryPoll } from '../../../../src/db/queries/activity.ts';
import type { Tunnel } from '../../../../src/hosts/ssh/tunnel.ts';
import { Sampler } from '../../../../src/monitor/sampler.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../../support/sshd.ts';
import { until } from '../../../support/until.ts';

let db: TestDatabase;
let sshd: Sshd;
beforeAll(async () => {
  db = await testDatabase();
  if (NO_SSHD === undefined) sshd = await startSshd();
});
afterAll(async () => {
  await sshd?.stop();
  await db?.drop();
});

test.skipIf(NO_SSHD !== undefined)(
  'a profile behind ssh is reached by its own tunnel, which is closed when another is changed to, and opened anew',
  async () => {
    const home = temporaryDirectory();
    const file = join(home, 'config.json');
    const { host, port, user } = serverTarget();
    const { destination, config } = sshd;
    const near = { host, port, user, database: db.database };
    const runs_on = { kind: 'ssh', destination, config, tunnel: true, host: '127.0.0.1', port };
    const profiles = { near, far: { ...near, host: 'db1.invalid', runs_on } };
    writeFileSync(file, JSON.stringify({ profiles }));
    const env = { HOME: home, XDG_STATE_HOME: home, PGDECK_CONFIG: file, PGSSLMODE: 'disable' };
    const given = resolve({ profile: 'near' }, env, readSettings(file));
    const choices = new ServerChoices({ given, flags: {}, env });
    const seat: Seat = new Seat({
      resolved: given,
      choices,
      console: (resolved, servers) =>
        new Console({
          sampler: new Sampler(watchOptions(resolved, 0.5)),
          resolved,
          ports: {
            copy: () => {},
            exit: () => {},
            suspend: () => {},
            wallClock: () => Date.now(),
            ...(servers && { servers }),
          },
          size: { columns: 120, rows: 40 },
          env,
        }),
    });
    const change = async (name: string) => {
      const choice = choices.read().find((one) => one.name === name);
      if (choice === undefined) throw new Error(`no ${name}`);
      expect(await seat.open(choice, new AbortController().signal)).toBeUndefined();
      await until(() => seat.console.sampler.part(summaryPoll).status === 'ok', { what: 'figures' });
      return seat.console.resolved.target.via as Tunnel;
    };
    try {
      const first = await change('far');
      expect(first.state.state).toBe('up');
      await change('near');
      await until(() => first.state.state === 'closed', { what: 'the end of the tunnel' });
      const second = await change('far');
      expect(second).not.toBe(first);
      expect(second.state.state).toBe('up');
      await seat.stop();
      expect(second.state.state).toBe('closed');
    } finally {
      await seat.stop();
    }
  },
);
