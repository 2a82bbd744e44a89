import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeDocker } from '../../../support/docker/docker.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { NO_SSHD } from '../../../support/sshd.ts';
import { EVERY, inContainer, overSsh } from './place.ts';
import { Stage } from './stage.ts';

/*
 * Killed and cancelled at each command that is carried to the server's place, one after the other. It takes half an
 * hour: PGDECK_EVERY=1.
 */
/** More than any of them carries. */
const COMMANDS = Array.from({ length: 60 }, (_, at) => at + 1);

const RUNS = {
  'backup custom': ['backup', '--yes'],
  'backup directory': ['backup', '--format', 'directory', '--jobs', '2', '--yes'],
  'backup plain': ['backup', '--format', 'plain', '--compress', 'gzip', '--yes'],
  verify: ['backups', 'verify', 'ID', '--level', 'restore', '--yes'],
  restore: ['restore', 'ID', '--confirm', 'shop', '--no-safety-backup'],
  'restore in place': ['restore', 'ID', '--confirm', 'shop', '--in-place'],
} as const;

const places = [
  { name: 'in a container', open: inContainer, describe: describeDocker },
  { name: 'over ssh', open: overSsh, describe: describe.skipIf(NO_SSHD !== undefined) },
];

for (const { name, open, describe: describePlace } of EVERY ? places : [])
  describePlace(name, { timeout: 120_000 }, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = new Stage(await open(), temporaryDirectory(), 'shop');
      await stage.sql('CREATE DATABASE shop');
      await stage.sql(
        'CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 20000) n',
        'shop',
      );
      expect((await stage.run(['backup', '--format', 'directory', '--yes'])).code).toBe(0);
    }, 120_000);
    afterAll(() => stage?.elsewhere.remove());

    describe.each(Object.keys(RUNS) as (keyof typeof RUNS)[])('%s', (what) => {
      describe.each(['KILL', 'INT'] as const)('%s', (signal) => {
        let over = false;
        test.for(COMMANDS)('at command %i', async (at, { skip }) => {
          if (over) skip();
          const id = await stage.oldest();
          const args = RUNS[what].map((word) => (word === 'ID' ? id : word));
          const kill = { at, signal, after: at % 2 === 0 ? 0.1 : 0 };
          const ended = await stage.run(args, { kill });
          over = ended.commands < at;
          await stage.gone().catch((error: unknown) => {
            console.log(`${name}: ${what}, ${signal} at ${at} of ${ended.commands}: ${String(error)}`);
            throw error;
          });
          const listed = await stage.listed();
          const steps = await stage.recovered();
          console.log(
            `${name}: ${what}, ${signal} at ${at} of ${ended.commands}: ${ended.code ?? ended.signal}, ${listed} listed, ${steps.join(' ') || '-'}`,
          );
          if (over || ended.code === 0) expect(ended.code, ended.said).toBe(0);
          else if (signal === 'INT') expect(steps, ended.said).toEqual([]);
          expect(await stage.sql('SELECT count(*)::int AS n FROM t', 'shop')).toEqual([{ n: 20_000 }]);
          await stage.tidied();
        });
      });
    });
  });

test.skipIf(EVERY)('is asked for by PGDECK_EVERY=1', () => {});
