import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connect } from '../../src/db/client.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { local } from '../../src/hosts/local.ts';
import { type Row, rowsText } from './operations/report.ts';
import { environment, MAIN, timed } from './operations/work.ts';
import { peakMb } from './process.ts';

/** Loading against COPY of a prepared file, at least. */
const RATE = 0.8;
const RSS_MB = 250;
const ROWS = 300_000;
const MANY = 3_000_000;
const DATABASE = 'postgres';

/** 12 columns as applications have them: numbers, texts with and without ASCII, times in two ways, decimals, JSON, bytes. */
const USERS = `
  CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, mail VARCHAR(60) NOT NULL, name TEXT, active BOOLEAN NOT NULL,
    created DATETIME, updated DATETIME, score REAL, balance DECIMAL(10,2), born DATE, settings JSON, avatar BLOB, team INTEGER);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %)
  INSERT INTO users SELECT i, 'user' || i || '@example.org',
    CASE i % 5 WHEN 0 THEN '王小明' WHEN 1 THEN 'Łukasz Żółć' WHEN 2 THEN 'O\\Brien' WHEN 3 THEN 'tab' || char(9) || 'here' ELSE 'Ann Smith' END,
    i % 3 > 0, printf('2024-%02d-%02d %02d:%02d:%02d.%06d', 1 + i % 12, 1 + i % 28, i % 24, i % 60, i * 7 % 60, i * 7919 % 1000000),
    1700000000 + i, CASE WHEN i % 10 > 0 THEN i / 7.0 END, printf('%d.%02d', i * 31 % 100000, i % 100),
    printf('19%02d-%02d-%02d', 50 + i % 50, 1 + i % 12, 1 + i % 28), json_object('theme', 'dark', 'n', i, 'tags', json_array('a', 'b')),
    randomblob(16), i % 1000 FROM n`;

interface Round {
  /** Seconds: pgdeck's phase in which it reads the file, converts and sends it; the one that compares; the whole command. */
  readonly loading: number;
  readonly comparing: number;
  readonly whole: number;
  /** Of `psql \copy` of the same rows as a text file, into an equal table that its transaction has made. */
  readonly copy: number;
}

/** What an import costs, against COPY of a file that is ready: as text. Both are measured in turn. */
export async function importing(home: string, rounds: number): Promise<string> {
  const cluster = await createCluster({
    settings: { shared_buffers: '256MB', max_wal_size: '4GB', autovacuum: 'off' },
  });
  const stop = () => void cluster.remove().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    const file = made(home, ROWS);
    const measured: Round[] = [];
    // the first run fills caches, and makes the file that is copied
    for (let i = 0; i <= rounds; i++) {
      process.stderr.write(`import ${i} of ${rounds} …\n`);
      const round = await roundOf(cluster, home, file);
      if (i > 0) measured.push(round);
    }
    await rm(file);
    process.stderr.write(`import of ${MANY} rows …\n`);
    const many = await imported(cluster, home, made(home, MANY));
    const values = (of: (round: Round) => number) => measured.map(of);
    const rows: Row[] = [
      { title: 'psql \\copy of a text file, s', values: values((r) => r.copy), digits: 2 },
      { title: 'loading (read, convert, COPY), s', values: values((r) => r.loading), digits: 2 },
      { title: 'comparing every cell, s', values: values((r) => r.comparing), digits: 2 },
      { title: 'the whole command, s', values: values((r) => r.whole), digits: 2 },
      {
        title: 'rate of loading / of COPY',
        values: values((r) => r.copy / r.loading),
        digits: 2,
        least: RATE,
        best: Math.min(...values((r) => r.copy)) / Math.min(...values((r) => r.loading)),
      },
      { title: `peak RSS at ${MANY} rows, MB`, values: [many.peak], digits: 0, budget: RSS_MB },
      { title: '  the whole command, s', values: [many.whole], digits: 1 },
    ];
    return rowsText(`import sqlite, ${ROWS} rows of 12 columns`, rows);
  } finally {
    process.off('SIGINT', stop);
    await cluster.remove();
  }
}

function made(home: string, rows: number): string {
  const file = join(home, `${rows}.db`);
  const database = new DatabaseSync(file);
  database.exec(USERS.replace('%', String(rows)));
  database.close();
  return file;
}

async function roundOf(cluster: Cluster, home: string, file: string): Promise<Round> {
  const { loading, comparing, whole } = await imported(cluster, home, file);
  const text = join(home, 'users.txt');
  await psql(cluster, `\\copy users TO '${text}'`);
  const said = await psql(
    cluster,
    'BEGIN; CREATE TABLE again (LIKE users INCLUDING DEFAULTS);',
    '\\timing on',
    `\\copy again FROM '${text}'`,
  );
  const [, ms] = /Time: ([\d.]+) ms/.exec(said) ?? [];
  return { loading, comparing, whole, copy: Number(ms) / 1000 };
}

async function psql(cluster: Cluster, ...commands: readonly string[]): Promise<string> {
  const { host, port, user } = cluster.target();
  const words = commands.flatMap((command) => ['-c', command]);
  const args = ['-X', '-h', host, '-p', String(port), '-U', user, '-d', DATABASE, ...words];
  const { exitCode, stdout, stderr } = await local.run(join(cluster.bin, 'psql'), args, { env: {} });
  if (exitCode !== 0) throw new Error(`psql failed: ${stderr}`);
  return stdout;
}

/** Runs the command into a database without the table. */
async function imported(cluster: Cluster, home: string, file: string) {
  const { host, port, user } = cluster.target();
  const session = await connect(cluster.target({ database: DATABASE }), 'workload', 'bench');
  await session.sql('DROP TABLE IF EXISTS users');
  await session.close();
  const report = join(home, 'import');
  for (const ending of ['.md', '.json']) await rm(`${report}${ending}`, { force: true });
  const args = ['import', 'sqlite', file, '--report', report, '--confirm', DATABASE, '--json'];
  let pid = 0;
  let peak = 0;
  const whole = await timed(async () => {
    const { exitCode, stderr } = await local.run(
      process.execPath,
      [MAIN, '-h', host, '-p', String(port), '-U', user, '-d', DATABASE, ...args],
      {
        ...{ env: environment(home), maxOutput: 8_000 },
        onStart: (started) => {
          pid = started;
        },
        onLine: () => {
          peak = Math.max(peak, peakMb(pid));
        },
      },
    );
    if (exitCode !== 0) throw new Error(`pgdeck import sqlite failed: ${stderr}`);
  });
  const { tables } = JSON.parse(await readFile(`${report}.json`, 'utf8'));
  const [{ load_seconds: loading, compare_seconds: comparing }] = tables;
  return { loading: Number(loading), comparing: Number(comparing), whole, peak };
}
