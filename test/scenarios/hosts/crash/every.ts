import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../support/program.ts';
import { type Elsewhere, EVERY } from './place.ts';
import { Stage } from './stage.ts';

/** More than any of them carries. */
const MOST = 60;
/** Of what is not asked for as a whole: one of so many. */
const STRIDE = 7;

const RUNS = {
  'backup custom': ['backup', '--yes'],
  'backup directory': ['backup', '--format', 'directory', '--jobs', '2', '--yes'],
  'backup plain': ['backup', '--format', 'plain', '--compress', 'gzip', '--yes'],
  verify: ['backups', 'verify', 'ID', '--level', 'restore', '--yes'],
  restore: ['restore', 'ID', '--confirm', 'shop', '--no-safety-backup'],
  'restore in place': ['restore', 'ID', '--confirm', 'shop', '--in-place'],
} as const;
const WHAT = Object.keys(RUNS) as (keyof typeof RUNS)[];
const SIGNALS = ['KILL', 'INT'] as const;

/** At which commands a run is ended. Of what is not asked for as a whole, one way has what the other leaves out. */
function turns(what: keyof typeof RUNS, signal: (typeof SIGNALS)[number], way: 0 | 1): number[] {
  if (EVERY) return Array.from({ length: MOST }, (_, at) => at + 1);
  const at = WHAT.indexOf(what);
  if ((at + way) % SIGNALS.length !== SIGNALS.indexOf(signal)) return [];
  // not each the same kinds of commands
  const first = 1 + ((at * 3 + 4) % STRIDE);
  return Array.from({ length: Math.ceil(MOST / STRIDE) }, (_, turn) => first + turn * STRIDE);
}

/** Killed and cancelled at commands that are carried to the server's place, one after the other. */
export function everyCommand(name: string, way: 0 | 1, open: () => Promise<Elsewhere>): void {
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
  afterEach(({ task }) => (task.result?.state === 'fail' ? stage.cleared() : undefined));

  describe.each(WHAT)('%s', (what) => {
    describe.each(SIGNALS.filter((one) => turns(what, one, way).length > 0))('%s', (signal) => {
      let over = false;
      test.for(turns(what, signal, way))('at command %i', async (at, { skip }) => {
        if (over) skip();
        const id = await stage.oldest();
        const args = RUNS[what].map((word) => (word === 'ID' ? id : word));
        const kill = { at, signal, after: at % 2 === 0 ? 0.1 : 0 };
        const ended = await stage.run(args, { kill });
        over = ended.commands < at;
        const told = `${name}: ${what}, ${signal} at ${at} of ${ended.commands}`;
        await stage.gone().catch((error: unknown) => {
          if (EVERY) console.log(`${told}: ${String(error)}`);
          throw error;
        });
        const listed = await stage.listed();
        const steps = await stage.recovered();
        if (EVERY)
          console.log(`${told}: ${ended.code ?? ended.signal}, ${listed} listed, ${steps.join(' ') || '-'}`);
        if (over || ended.code === 0) expect(ended.code, ended.said).toBe(0);
        else if (signal === 'INT') expect(steps, ended.said).toEqual([]);
        expect(await stage.sql('SELECT count(*)::int AS n FROM t', 'shop')).toEqual([{ n: 20_000 }]);
        await stage.tidied();
      });
    });
  });
}
