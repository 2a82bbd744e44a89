import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appSchema, appSettings } from '../../../src/config/app.ts';
import { placesOf } from '../../../src/config/runs-on.ts';
import { type AppState, startSteps, stopSteps } from '../../../src/ops/app/steps.ts';
import { carryOut, contextOf, planOf, step } from '../../ops/engine/run/stage.ts';
import { serverTarget } from '../../support/cluster.ts';
import { describeDocker, dockerOk } from '../../support/docker/docker.ts';
import { temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const directory = join(home, 'pgdeckapp');
const hasCompose = spawnSync('docker-compose', ['version']).status === 0;
const service = `image: pgdeck-test:dash
    network_mode: host
    stop_signal: SIGKILL
    command: ["sleep", "infinity"]`;
const FILE = `version: "3.8"
services:
  backend:
    ${service}
  worker:
    ${service}
  idle:
    ${service}
`;

describeDocker('an application of compose', () => {
  describe.skipIf(!hasCompose)('with docker-compose', () => {
    const compose = (...words: string[]) => {
      const { status, stderr } = spawnSync('docker-compose', words, { cwd: directory, encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    };
    beforeAll(() => {
      mkdirSync(directory);
      writeFileSync(join(directory, 'docker-compose.yml'), FILE);
      compose('up', '-d');
      compose('stop', 'idle');
    }, 120_000);
    afterAll(() => compose('down'));

    const running = async () =>
      (
        await dockerOk([
          'ps',
          '--filter',
          'label=com.docker.compose.project=pgdeckapp',
          '--format',
          '{{.Label "com.docker.compose.service"}}',
        ])
      )
        .split('\n')
        .filter((name) => name !== '')
        .toSorted();

    async function run(services: string[], work: () => Promise<unknown>) {
      const app = appSettings(appSchema.parse({ stop: { kind: 'compose', services } }));
      const server = { kind: 'compose', project: 'pgdeckapp', service: 'backend' } as const;
      const context = { ...contextOf(serverTarget(), home), app, runsOn: placesOf({ runs_on: server }) };
      const state: AppState = { stopped: [] };
      const steps = [...stopSteps(context, state), step('work', work), ...startSteps(context, state)];
      return carryOut(planOf(steps), context);
    }

    test('what ran is stopped and started again, and nothing else', { timeout: 120_000 }, async () => {
      let meanwhile: string[] = [];
      const { end } = await run(['worker', 'idle'], async () => {
        meanwhile = await running();
      });
      expect(end, end.text).toMatchObject({ ok: true });
      expect(meanwhile).toEqual(['backend']);
      expect(await running()).toEqual(['backend', 'worker']);
    });

    test('a service that is not there is told before anything is stopped', async () => {
      const { end } = await run(['worker', 'wrker'], async () => {});
      expect(end.text).toMatch(/no container of a service wrker: nothing was stopped/);
      expect(await running()).toEqual(['backend', 'worker']);
    });
  });
});
