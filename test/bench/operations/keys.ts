import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { percentile } from '../measure.ts';
import { Program } from '../terminal.ts';
import { DATABASE } from './database.ts';
import { connection, environment, MAIN, operation, removeBackups, type Site } from './work.ts';

/** 90th percentiles from key to new screen, in ms. */
export interface KeyRound {
  readonly calm: number;
  /** While another process dumps the database that is watched. */
  readonly beside: number;
  /** While the console itself does. */
  readonly within: number;
}

type Key = readonly [key: string, shows: RegExp];

/** Keys fall anywhere in a refresh: an odd distance. */
const GAP_MS = 97;
const CALM_PRESSES = 25;
/** Fewer than these say nothing of a tenth of them. */
const LEAST_PRESSES = 10;

const LOCKS: Key = ['3', /^ {2}Locks {2}/m];
const SCREENS: readonly Key[] = [
  LOCKS,
  ['?', /Help {2}every key/],
  ['\r', LOCKS[1]],
  ['4', /^ {2}Table sizes {2}/m],
  ['1', /Cache ratio/],
];
/** Out of the wizard, over some screens and back into it, while it runs. */
const AROUND_WIZARD: readonly Key[] = [
  ['8', /^[▶ ] Operations {2}/m],
  ['\r', /\d of \d steps/],
  ['l', /^[▶ ] Operations {2}/m],
  ...SCREENS,
];

export async function keyRound(site: Site): Promise<KeyRound> {
  const args = [MAIN, ...connection(site), '-d', DATABASE, '--interval', '1'];
  const program = new Program(process.execPath, args, environment(site.home));
  try {
    await program.shows(/conns !*\d+\/\d+/);
    const calm = await press(program, SCREENS, async (pressed) => pressed < CALM_PRESSES);
    const other = operation(site, ['backup']);
    const beside = await press(program, SCREENS, dumping(site));
    await finishTurn(program, beside.length);
    await other;
    await removeBackups(site.home);
    await startWizard(program);
    const within = await press(program, AROUND_WIZARD, dumping(site));
    // quitting would cancel it
    await until(() => over(site), { what: 'the end of the backup', timeout: 120_000 });
    return { calm: p90(calm), beside: p90(beside), within: p90(within) };
  } finally {
    await program.quit();
    await removeBackups(site.home);
  }
}

/** From the screen to the running backup, and out of its wizard. */
async function startWizard(program: Program): Promise<void> {
  await program.press('b', /Back up databases/);
  await program.press('\r', /Checks/);
  await program.press('\r', /\d of \d steps/);
  await program.press('l', /Cache ratio/);
}

/** Presses keys in turn from when it is true until it is not any more. */
async function press(
  program: Program,
  keys: readonly Key[],
  going: (pressed: number) => Promise<boolean>,
): Promise<number[]> {
  const times: number[] = [];
  while (!(await going(0))) await delay(10);
  while (await going(times.length)) {
    const next = keys[times.length % keys.length];
    if (!next) break;
    times.push(await program.press(...next));
    await delay(GAP_MS);
  }
  return times;
}

/** The keys that are left of a turn lead back to the first screen. */
async function finishTurn(program: Program, pressed: number): Promise<void> {
  for (const key of SCREENS.slice(pressed % SCREENS.length)) await program.press(...key);
}

/** Whether the largest table is being copied out: nearly all of the time that a dump takes. */
function dumping({ admin }: Site): () => Promise<boolean> {
  return async () => {
    const [row] = await admin.sql(
      `SELECT count(*)::int AS copies FROM pg_stat_activity
        WHERE application_name ~ '^pgdeck:' AND query LIKE 'COPY public.pgbench_accounts %'`,
    );
    return row?.copies === 1;
  };
}

/** A run holds its lock to its end. */
async function over({ admin }: Site): Promise<boolean> {
  const [row] = await admin.sql(
    `SELECT count(*)::int AS runs FROM pg_stat_activity WHERE application_name ~ '^pgdeck-lock:'`,
  );
  return row?.runs === 0;
}

function p90(times: readonly number[]): number {
  return times.length < LEAST_PRESSES ? Number.NaN : percentile(times, 0.9);
}
