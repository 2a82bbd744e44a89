import { copyFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { local } from '../../src/hosts/local.ts';
import { LogClock } from '../../src/log/clock.ts';
import type { LogEntry, LogFormat } from '../../src/log/entry.ts';
import { csvReader } from '../../src/log/formats/csv.ts';
import { jsonReader } from '../../src/log/formats/json.ts';
import { stderrReader } from '../../src/log/formats/stderr.ts';
import { HostSource } from '../../src/log/host-source.ts';
import { logNames } from '../../src/log/names.ts';
import { LogReader } from '../../src/log/reader.ts';
import type { LogSource } from '../../src/log/source.ts';
import { SqlSource } from '../../src/log/sql-source.ts';
import { until } from '../support/cluster.ts';
import { all, clientOf, FORMATS, giveTo, logDirectory, logging, messages, only, say } from './stage.ts';

/** Each second is what an hour is elsewhere. */
const HOURLY = 'postgresql-%S.log';

let cluster: Cluster;
let session: Session;
beforeAll(async () => {
  cluster = await logging({ log_filename: HOURLY, log_truncate_on_rotation: 'off' });
  session = await clientOf(cluster);
});
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

const clock = new LogClock(new Map());
const readers = {
  jsonlog: jsonReader(clock),
  csvlog: csvReader(clock),
  stderr: stderrReader(clock, '%m [%p] ', false),
};

interface Followed {
  readonly name: string;
  readonly reader: LogReader;
  readonly seen: LogEntry[];
}

/** Two for each form who read the same log: on this machine and by way of the server. */
async function readersOf(filename: string): Promise<Followed[]> {
  const host = new HostSource(local, logDirectory(cluster), logNames(filename), async () => FORMATS);
  const sql = new SqlSource(session, 'log', logNames(filename));
  const sources = FORMATS.flatMap((format: LogFormat): [string, LogSource][] => [
    [`${format} here`, only(host, format)],
    [`${format} there`, only(sql, format)],
  ]);
  return Promise.all(
    sources.map(async ([name, source]) => {
      const reader = new LogReader(source, readers);
      await reader.begin();
      return { name, reader, seen: [] };
    }),
  );
}

async function read(followed: readonly Followed[]): Promise<void> {
  for (const { reader, seen } of followed) seen.push(...(await all(reader.more())));
}

/** Reads until everybody has seen a text; then once more, since a last message is given when nothing has followed. */
async function readTo(followed: readonly Followed[], text: string): Promise<void> {
  await until(
    async () => {
      await read(followed);
      return followed.every(({ seen }) => messages(seen).includes(text));
    },
    { what: `everybody reads ${text}` },
  );
}

const said = ({ seen }: Followed) => messages(seen).filter((text) => text.startsWith('m'));

const current = async () =>
  String((await session.sql(`SELECT pg_current_logfile('stderr') AS file`))[0]?.file);

/** The next file of the hour. */
async function rotate(): Promise<void> {
  const before = await current();
  await until(
    async () => {
      await session.sql('SELECT pg_rotate_logfile()');
      return (await current()) !== before;
    },
    { what: 'the log is rotated' },
  );
}

test('files by the hour that are added to, two rotations between two readings: nothing twice, nothing lost', async () => {
  // what yesterday has left, in every file
  for (let second = 0; second < 60; second++)
    for (const [ending, line] of [
      ['log', '2020-01-01 00:00:00.000 UTC [7] LOG:  m yesterday\n'],
      [
        'csv',
        '2020-01-01 00:00:00.000 UTC,,,7,,5e0be0ff.7,1,,2020-01-01 00:00:00 UTC,,0,LOG,00000,"m yesterday",,,,,,,,,"","postmaster",,0\n',
      ],
      [
        'json',
        '{"timestamp":"2020-01-01 00:00:00.000 UTC","pid":7,"error_severity":"LOG","message":"m yesterday"}\n',
      ],
    ] as const) {
      const path = join(logDirectory(cluster), `postgresql-${String(second).padStart(2, '0')}.${ending}`);
      try {
        writeFileSync(path, line, { flag: 'wx' });
        giveTo(cluster, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  const followed = await readersOf(HOURLY);
  await say(session, 'm1', 'm2');
  await readTo(followed, 'm2');
  await say(session, 'm3');
  await rotate();
  await say(session, 'm4', 'm5');
  await rotate();
  await say(session, 'm6 多字节');
  await readTo(followed, 'm6 多字节');
  await say(session, 'm7');
  await readTo(followed, 'm7');
  await read(followed);
  for (const one of followed)
    expect([one.name, said(one)]).toEqual([one.name, ['m1', 'm2', 'm3', 'm4', 'm5', 'm6 多字节', 'm7']]);
});

test('a log that is renamed, or copied and cut, is read to its end, and no copy of it again', async () => {
  await session.sql(`ALTER SYSTEM SET log_filename = 'fixed.log'`);
  await session.sql('SELECT pg_reload_conf()');
  await until(async () => (await current()).endsWith('fixed.log'), { what: 'the log has its new name' });
  await say(session, 'm0', 'mm before', 'mm that makes the beginning of the file long enough to know it by');
  const directory = logDirectory(cluster);
  const at = (name: string) => join(directory, name);
  const endings = ['log', 'csv', 'json'].slice(0, FORMATS.length);
  const written = async (text: string) =>
    until(() => endings.every((ending) => readFileSync(at(`fixed.${ending}`), 'utf8').includes(text)), {
      what: `${text} is written`,
    });
  await written('mm that');
  const followed = await readersOf('fixed.log');
  await say(session, 'm1');
  await readTo(followed, 'm1');
  // as logrotate does with create
  await say(session, 'm2');
  await written('m2');
  for (const ending of endings) renameSync(at(`fixed.${ending}`), at(`fixed.${ending}.1`));
  await say(session, 'm3');
  await session.sql('SELECT pg_rotate_logfile()');
  await until(() => endings.every((ending) => existsSync(at(`fixed.${ending}`))), { what: 'new files' });
  await say(session, 'm4 in a new file, with a beginning of its own that is as long as it has to be');
  await written('m4');
  await readTo(followed, 'm4 in a new file, with a beginning of its own that is as long as it has to be');
  // and with copytruncate; seen between the two as well
  await say(session, 'm5');
  await written('m5');
  for (const ending of endings) copyFileSync(at(`fixed.${ending}`), at(`fixed.${ending}.2`));
  await readTo(followed, 'm5');
  await say(session, 'm6');
  await written('m6');
  for (const ending of endings) {
    copyFileSync(at(`fixed.${ending}`), at(`fixed.${ending}.2`));
    truncateSync(at(`fixed.${ending}`), 0);
  }
  // longer than what was read of it: its length tells nothing
  await say(session, 'm7', ...Array.from({ length: 20 }, (_, n) => `m8 ${n} ${'x'.repeat(100)}`), 'm9');
  await readTo(followed, 'm9');
  await read(followed);
  for (const one of followed)
    expect([one.name, said(one).map((text) => text.slice(0, 2))]).toEqual([
      one.name,
      ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', ...Array(20).fill('m8'), 'm9'],
    ]);
});

test('looking back, what was written in one form only while the others were off is found in that one', () => {
  const line = (at: string, text: string) => `2026-11-29 08:${at}.000 UTC [7] LOG:  ${text}\n`;
  const row = (at: string, text: string, type = 'client backend') =>
    `2026-11-29 08:${at}.000 UTC,,,7,,6b0bdd57.7,1,,2026-11-29 08:00:00 UTC,,0,LOG,00000,"${text}",,,,,,,,,"","${type}",,0\n`;
  const contents: Readonly<Record<string, string>> = {
    // on, off, on again, and off for good
    'l.csv': `${row('00:01', 'm1')}${row('00:02', 'SIGHUP', 'postmaster')}${row('00:09', 'm4')}${row('00:10', 'm5')}`,
    'l.log': `${line('00:00', 'm0')}${line('00:02', 'SIGHUP')}${line('00:04', 'm2')}${line('00:05', 'm3')}${line('00:09', 'm4')}${line('00:10', 'm5')}${line('00:20', 'm6')}`,
  };
  const bytes = (name: string) => Buffer.from(contents[name] ?? '');
  const source: LogSource = {
    place: 'nowhere',
    piece: 2 ** 18,
    most: 2 ** 20,
    formats: async () => ['stderr'],
    list: async () =>
      Object.keys(contents).map((name) => {
        const format = name.endsWith('.csv') ? 'csvlog' : 'stderr';
        return { id: name, name, format, size: bytes(name).length, modified: Date.UTC(2026, 10, 29, 8, 1) };
      }),
    read: async (name, offset, length) => bytes(name).subarray(offset, offset + length),
    heads: async (names, length) => names.map((name) => bytes(name).subarray(0, length)),
  };
  const lookBack = async () => {
    const reader = new LogReader(source, readers);
    const found = await all(reader.since(Date.UTC(2026, 10, 29, 8), await reader.begin()));
    return messages([...found, ...reader.finish()]);
  };
  return expect(lookBack()).resolves.toEqual(['m0', 'm1', 'SIGHUP', 'm2', 'm3', 'm4', 'm5', 'm6']);
});
