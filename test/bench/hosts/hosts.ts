import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../../src/hosts/host.ts';
import { openHost } from '../../../src/hosts/open.ts';
import { dockerOk } from '../../support/docker/client.ts';
import { type Daemon, startDaemon } from '../../support/docker/start.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';
import { createDatabase, DATABASE } from '../operations/database.ts';
import { type Row, rowsText } from '../operations/report.ts';
import { timed } from '../operations/work.ts';

/** Of the same command by hand, at least. */
const SHARE = 0.9;
/** Bytes of what is copied: they do not compress. */
const SIZE = 1_000_000_000;
const COPY = '/tmp/pgdeck-bench-copy';

/** A place, as pgdeck reaches it and as a person does. */
interface Place {
  readonly name: string;
  readonly host: Host;
  /** What comes before a command that is typed; it is quoted for one shell more where `again` is set. */
  readonly typed: readonly string[];
  readonly again: boolean;
  readonly pgDump: string;
}

/**
 * Copies of 1 GB to and from a container and a machine behind ssh, and a dump from there, each against the same command
 * by hand: as many bytes a second, round by round, one after the other in turns.
 */
export async function hosts(home: string, rounds: number): Promise<string> {
  const { cluster, admin } = await createDatabase();
  let daemon: Daemon | undefined;
  let sshd: Sshd | undefined;
  const stop = async () => {
    await admin.close();
    await Promise.all([cluster.remove(), daemon?.stop(), sshd?.stop()]);
  };
  const interrupted = () => void stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    daemon = await startDaemon();
    sshd = await startSshd();
    const id = await dockerOk(['run', '-d', '--network=host', 'pgdeck-test:postgres', 'sleep', 'infinity']);
    const { destination, config } = sshd;
    const places: Place[] = [
      {
        name: 'docker',
        host: await openHost({ kind: 'docker', container: id }),
        typed: ['docker', 'exec', '-i', id],
        again: false,
        pgDump: 'pg_dump',
      },
      {
        name: 'ssh',
        host: await openHost({ kind: 'ssh', destination, config }),
        typed: ['ssh', '-F', config, destination],
        again: true,
        pgDump: join(cluster.bin, 'pg_dump'),
      },
    ];
    const { host, port, user } = cluster.target();
    const dump = ['-w', '-Fc', '-Z1', '-h', host, '-p', String(port), '-U', user, '-d', DATABASE];
    const file = join(home, 'copied');
    await fill(file);
    const rows: Row[] = [];
    for (const place of places) rows.push(...(await placeRows(place, { file, home, dump, rounds })));
    return rowsText('1 GB and a dump of 0.9 GB by way of', rows);
  } finally {
    process.off('SIGINT', interrupted);
    await stop();
  }
}

interface Work {
  readonly file: string;
  readonly home: string;
  /** Arguments of pg_dump. */
  readonly dump: readonly string[];
  readonly rounds: number;
}

/** The same by pgdeck and by hand. */
interface Pair {
  readonly title: string;
  readonly ours: () => Promise<unknown>;
  readonly byHand: () => void;
}

async function placeRows(place: Place, { file, home, dump, rounds }: Work): Promise<Row[]> {
  const { host, name, typed, again, pgDump } = place;
  const here = join(home, 'arrived');
  const hand = (words: readonly string[], from: string, to: string) => {
    const command = again ? [words.map(quote).join(' ')] : words;
    const line = [...typed, ...command].map(quote).join(' ');
    execFileSync('/bin/sh', ['-c', `${line} <${quote(from)} >${quote(to)}`]);
  };
  const pairs: Pair[] = [
    {
      title: 'into',
      ours: () => host.transfer?.put(file, COPY) ?? Promise.reject(new Error('nothing is copied there')),
      byHand: () => hand(['sh', '-c', `cat >${COPY}`], file, '/dev/null'),
    },
    {
      title: 'out of',
      ours: () => host.transfer?.get(COPY, here) ?? Promise.reject(new Error('nothing is copied there')),
      byHand: () => hand(['cat', COPY], '/dev/null', here),
    },
    {
      title: 'pg_dump -Fc from',
      ours: async () => {
        const { exitCode, stderr } = await host.run(pgDump, dump, { stdoutTo: here });
        if (exitCode !== 0) throw new Error(stderr);
      },
      byHand: () => hand([pgDump, ...dump], '/dev/null', here),
    },
  ];
  const rows: Row[] = [];
  for (const { title, ours, byHand } of pairs) {
    const [mine, theirs]: [number[], number[]] = [[], []];
    const clear = async () => {
      await rm(here, { force: true });
      if (title === 'into') await host.run('rm', ['-f', COPY]);
    };
    const run = async (work: () => Promise<unknown>, to: number[]) => {
      await clear();
      to.push(await timed(work));
    };
    for (let i = 0; i < rounds; i++) {
      process.stderr.write(
        `${title} ${name}: round ${i + 1} of ${rounds}, load ${loadavg()[0]?.toFixed(1)} …\n`,
      );
      const both = [() => run(ours, mine), () => run(async () => byHand(), theirs)];
      for (const one of i % 2 === 0 ? both : both.reverse()) await one();
    }
    rows.push(
      { title: `${title} ${name}, s`, values: mine, digits: 2 },
      { title: '  by hand, s', values: theirs, digits: 2 },
      share('  share of its speed', theirs, mine),
    );
  }
  await host.run('rm', ['-f', COPY]);
  return rows;
}

/** How fast it is against another, round by round; at best the fastest of the one against the fastest of the other. */
function share(title: string, theirs: readonly number[], mine: readonly number[]): Row {
  return {
    title,
    values: theirs.map((seconds, i) => seconds / (mine[i] ?? Number.NaN)),
    digits: 3,
    least: SHARE,
    best: Math.min(...theirs) / Math.min(...mine),
  };
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (let at = 0; at < SIZE; at += 10_000_000)
      await file.write(randomBytes(10_000_000), 0, 10_000_000, at);
  } finally {
    await file.close();
  }
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
