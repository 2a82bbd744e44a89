import { loadavg } from 'node:os';
import { type BackupRound, backupRound } from './backup.ts';
import { createDatabase } from './database.ts';
import { type KeyRound, keyRound } from './keys.ts';
import { type Row, ratio, rowsText } from './report.ts';
import { type RestoreRound, restoreRound } from './restore.ts';
import type { Run, Site } from './work.ts';

/** What pgdeck may take on top of the programs it runs and of the verification it promises. */
const OVERHEAD = 1.05;
const CPU_PERCENT = 5;
const KEY_MS = 25;

/**
 * What backup and restore cost, against the same programs without pgdeck: as text. Both are measured in turn, since
 * other work on the machine changes from one minute to the next.
 */
export async function operations(home: string, rounds: number): Promise<string> {
  const { cluster, admin } = await createDatabase();
  const stop = () => void cluster.remove().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    const site: Site = { cluster, admin, home };
    const [size] = await admin.sql('SELECT pg_database_size(current_database()) / 1e6 AS mb');
    const backups: BackupRound[] = [];
    const restores: RestoreRound[] = [];
    const keys: KeyRound[] = [];
    // the first run fills caches, of the compiler and of the file system
    await backupRound(site, 0);
    for (let i = 0; i < rounds; i++) {
      process.stderr.write(`operations ${i + 1} of ${rounds}, load ${loadavg()[0]?.toFixed(1)} …\n`);
      backups.push(await backupRound(site, i));
      restores.push(await restoreRound(site, i));
      keys.push(await keyRound(site));
    }
    const where = `a database of ${Number(size?.mb).toFixed(0)} MB`;
    return [
      rowsText(`backup of ${where}, custom, gzip:1`, backupRows(backups)),
      rowsText(`restore of ${where}`, restoreRows(restores)),
      rowsText(`console on ${where}`, keyRows(keys)),
    ].join('\n');
  } finally {
    process.off('SIGINT', stop);
    await admin.close();
    await cluster.remove();
  }
}

function backupRows(rounds: readonly BackupRound[]): Row[] {
  const values = (of: (round: BackupRound) => number) => rounds.map(of);
  const whole = values((r) => r.run.seconds);
  return [
    ...runRows(
      'pgdeck backup, s',
      rounds.map((r) => r.run),
    ),
    { title: 'pg_dump alone, s', values: values((r) => r.dump), digits: 2 },
    { title: 'decode and checksums alone, s', values: values((r) => r.verify), digits: 2 },
    { title: 'counting alone, s', values: values((r) => r.count), digits: 2 },
    ratio(
      'backup / pg_dump + verification',
      whole,
      values((r) => r.dump + r.verify + r.count),
      OVERHEAD,
    ),
    {
      title: "pgdeck's own CPU in the step dump, %",
      values: values((r) => cpu(r.run, 'dump') / (10 * seconds(r.run, 'dump'))),
      digits: 1,
      budget: CPU_PERCENT,
    },
  ];
}

function restoreRows(rounds: readonly RestoreRound[]): Row[] {
  const alone = rounds.map((r) => r.load);
  const runs = rounds.map((r) => r.run);
  return [
    ...runRows('pgdeck restore --into, s', runs),
    { title: 'pg_restore alone, s', values: alone, digits: 2 },
    ratio(
      'step load / pg_restore',
      runs.map((run) => seconds(run, 'load')),
      alone,
      OVERHEAD,
    ),
  ];
}

/** The whole, and its steps. */
function runRows(title: string, runs: readonly Run[]): Row[] {
  const ids = runs[0]?.steps.map(({ id }) => id) ?? [];
  return [
    { title, values: runs.map((run) => run.seconds), digits: 2 },
    ...ids.map((id) => ({ title: `  step ${id}`, values: runs.map((run) => seconds(run, id)), digits: 2 })),
  ];
}

function seconds({ steps }: Run, id: string): number {
  return steps.find((step) => step.id === id)?.seconds ?? Number.NaN;
}

function cpu({ steps }: Run, id: string): number {
  return steps.find((step) => step.id === id)?.cpu ?? Number.NaN;
}

function keyRows(rounds: readonly KeyRound[]): Row[] {
  const row = (title: string, of: (round: KeyRound) => number): Row => ({
    title,
    values: rounds.map(of),
    digits: 1,
    budget: KEY_MS,
  });
  return [
    row('key to screen, p90 ms', (r) => r.calm),
    row('  while another process dumps', (r) => r.beside),
    row('  while the console dumps', (r) => r.within),
  ];
}
