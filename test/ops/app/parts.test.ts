import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appSchema, appSettings } from '../../../src/config/app.ts';
import { placesOf } from '../../../src/config/runs-on.ts';
import { type AppState, startSteps, stopSteps } from '../../../src/ops/app/steps.ts';
import {
  SERVICE_CLIENTS,
  SERVICE_FAULTS,
  type ServiceFault,
  type Services,
  serviceStandIn,
} from '../../support/app/services.ts';
import { serverTarget } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf, planOf, step } from '../engine/run/stage.ts';

/** What each fault of the client that stops the application makes of the run, and of the one that starts it. */
const STOPPING: Readonly<Record<ServiceFault, RegExp | undefined>> = {
  none: undefined,
  'it says yes and does nothing': /backend\S*, worker\S* still run, although told to stop/,
  'it does nothing, exit 1': /Job failed/,
  'it does all, exit 1': /Job failed/,
  'it does half, killed': /SIGKILL|killed|signal/,
};
const STARTING: Readonly<Record<ServiceFault, RegExp | undefined>> = {
  ...STOPPING,
  'it says yes and does nothing': /backend\S*, worker\S* do not run after the start/,
};

describe.each(SERVICE_CLIENTS)('an application that %s stops and starts', (client) => {
  const systemd = client === 'systemctl';
  const [up, down] = systemd ? ['active', 'inactive'] : ['running', 'exited'];
  const named = (name: string) => (systemd ? `${name}.service` : name);
  let services: Services;
  beforeEach(async () => {
    services = await serviceStandIn(client);
    await services.is(named('backend'), up);
    await services.is(named('worker'), up);
    await services.is(named('idle'), down);
  });
  afterEach(() => services.remove());

  async function run(names: readonly string[], work: () => Promise<unknown>, more = {}) {
    const stop = systemd
      ? { kind: 'systemctl', units: names, ...more }
      : { kind: 'compose', project: 'shop', services: names };
    const app = appSettings(appSchema.parse({ stop }));
    const context = { ...contextOf(serverTarget(), temporaryDirectory()), app, runsOn: placesOf() };
    const state: AppState = { stopped: [] };
    const steps = [...stopSteps(context, state), step('work', work), ...startSteps(context, state)];
    return carryOut(planOf(steps), context);
  }
  const states = () => Promise.all(['backend', 'worker', 'idle'].map((name) => services.is(named(name))));

  test('what ran is down meanwhile, and what did not is not started', async () => {
    let meanwhile: string[] = [];
    const { end } = await run(['backend', 'worker', 'idle'], async () => {
      meanwhile = await states();
    });
    expect(end, end.text).toMatchObject({ ok: true, status: 'done' });
    expect(meanwhile).toEqual([down, down, down]);
    expect(await states()).toEqual([up, up, down]);
  });

  test('what is not there is told before anything is stopped', async () => {
    const done: string[] = [];
    const { end } = await run(['backend', 'wrker'], async () => void done.push('work'));
    expect(end.text).toMatch(/wrker/);
    expect(done).toEqual([]);
    expect(await services.told().catch(() => [])).toEqual([]);
  });

  test.each(SERVICE_FAULTS)('a stop that is none stops the run: %s', async (fault) => {
    const why = STOPPING[fault];
    await services.set(fault);
    const done: string[] = [];
    const { end } = await run(['backend', 'worker'], async () => void done.push('work'));
    if (why === undefined) expect(end, end.text).toMatchObject({ ok: true });
    else expect(end).toMatchObject({ ok: false, status: 'failed', text: expect.stringMatching(why) });
    expect(done).toEqual(why === undefined ? ['work'] : []);
  });

  test.each(SERVICE_FAULTS)('a start that is none is told, and what was done stays: %s', async (fault) => {
    const why = STARTING[fault];
    const { end } = await run(['backend', 'worker'], () => services.set(fault));
    if (why === undefined) expect(end, end.text).toMatchObject({ ok: true });
    else expect(end).toMatchObject({ ok: false, text: expect.stringMatching(why) });
  });

  test.runIf(systemd)('with sudo it stops and starts, and is asked without', async () => {
    expect((await run(['backend'], async () => {}, { sudo: true })).end).toMatchObject({ ok: true });
    expect((await services.told()).filter((line) => line.startsWith('sudo'))).toEqual([
      'sudo -n systemctl stop backend.service',
      'sudo -n systemctl start backend.service',
    ]);
  });

  test.runIf(!systemd)('compose is told where its files are, and only to stop and start', async () => {
    await run(['backend', 'worker'], async () => {});
    const words = `-p shop --project-directory ${services.directory} -f docker-compose.yml`;
    expect(await services.told()).toEqual(
      ['stop', 'start'].map((word) => `${client} ${words} ${word} backend worker`),
    );
  });
});
