import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { SessionProcesses, type Witness } from '../../../src/app/processes/figures.ts';
import { connect, type Session } from '../../../src/db/client.ts';
import { type Cluster, createCluster } from '../../../src/hosts/cluster/cluster.ts';
import { Processes } from '../../../src/hosts/processes.ts';
import { MAY_APART, serverApart } from '../../support/apart.ts';
import { serverTarget } from '../../support/cluster.ts';
import { pooler } from '../../support/pgbouncer.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const MB = 2 ** 20;
let cluster: Cluster;
let watcher: Session;
const sessions: Session[] = [];

beforeAll(async () => {
  const { bin, major } = inject('postgres');
  cluster = await createCluster({
    bin,
    // on a disk: what goes to memory is no I/O
    parent: '/var/tmp',
    // from 18 on others read for a session
    settings: { shared_buffers: '64MB', ...(major >= 18 && { io_method: 'sync' }) },
  });
  watcher = await connect(cluster.target(), 'control', 'pgdeck-monitor');
});
afterAll(async () => {
  for (const session of [...sessions, watcher]) await session?.close();
  await cluster?.remove();
});

async function open(): Promise<Session> {
  const session = await connect(cluster.target(), 'workload', 'app');
  sessions.push(session);
  return session;
}

/** What the system says of a process, in its words. */
const said = (pid: number, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
const field = (text: string, name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
const cpuTicks = (pid: number) => {
  const fields = said(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};
const gone = (pid: number) =>
  until(() => new Processes().of(pid) === undefined, { what: `the end of process ${pid}` });

interface Seen {
  readonly at: number;
  readonly cpu: number;
  readonly io: string;
}

/** What somebody who reads the same moments in the system's own words finds, once there is enough of it. */
async function both(
  figures: SessionProcesses,
  { backend }: Session,
  enough: (before: Seen, now: Seen) => boolean,
) {
  const { pid } = backend;
  const seen = (): Seen => ({ at: performance.now(), cpu: cpuTicks(pid), io: said(pid, 'io') });
  const before = seen();
  figures.read(watcher, [backend]);
  await until(() => performance.now() - before.at > 500 && enough(before, seen()), {
    what: 'something to measure',
    timeout: 20_000,
  });
  figures.read(watcher, [backend]);
  const after = seen();
  const seconds = (after.at - before.at) / 1000;
  const rate = (name: string) => (field(after.io, name) - field(before.io, name)) / seconds;
  const own = figures.of(backend);
  return {
    own,
    system: {
      cpu: (after.cpu - before.cpu) / 100 / seconds,
      reads: rate('read_bytes'),
      writes: rate('write_bytes'),
    },
  };
}

test('a session that computes: its share of a processor', async () => {
  const burner = await open();
  const idle = await open();
  const busy = burner.sql('DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$').catch(() => {});
  const figures = new SessionProcesses(new Processes());
  const { own, system } = await both(figures, burner, (before, { cpu }) => cpu - before.cpu >= 30);
  expect(Math.abs((own?.cpu ?? Number.NaN) - system.cpu)).toBeLessThan(0.1);
  let now = performance.now() + 1000;
  const idling = new SessionProcesses(new Processes(), () => now);
  idling.read(watcher, [idle.backend]);
  now += 1000;
  idling.read(watcher, [idle.backend]);
  expect(idling.of(idle.backend)?.cpu).toBe(0);
  expect(figures).toMatchObject({ known: true, reason: undefined, ioReason: undefined });
  await watcher.sql('SELECT pg_cancel_backend($1)', [burner.pid]);
  await busy;
});

test('a session that sorts in its own memory: that of others is not counted with it', async () => {
  const sorter = await open();
  await sorter.sql("SET work_mem = '256MB'");
  await sorter.sql(
    `CREATE TABLE wide AS SELECT g AS id, repeat('x', 100) AS x FROM generate_series(1, 300000) g`,
  );
  const figures = new SessionProcesses(new Processes());
  figures.read(watcher, [sorter.backend]);
  const before = figures.of(sorter.backend)?.ownBytes ?? Number.NaN;
  await sorter.sql('BEGIN');
  await sorter.sql('DECLARE sorted CURSOR FOR SELECT * FROM wide ORDER BY md5(id::text)');
  await sorter.sql('FETCH 1 FROM sorted');
  const after = new SessionProcesses(new Processes());
  after.read(watcher, [sorter.backend]);
  const own = after.of(sorter.backend)?.ownBytes ?? Number.NaN;
  const status = said(sorter.pid, 'status');
  expect(own - before).toBeGreaterThan(30 * MB);
  expect(Math.abs(own - field(status, 'RssAnon') * 1024)).toBeLessThan(MB);
  // the table has gone through shared_buffers, which a plain RSS has in it
  expect(field(status, 'VmRSS') * 1024 - own).toBeGreaterThan(20 * MB);
  await sorter.sql('ROLLBACK');
});

test('a session that writes: its bytes to storage', async () => {
  const writer = await open();
  await writer.sql('CREATE TABLE log (x text)');
  const busy = writer
    .sql(
      `DO $$ BEGIN LOOP INSERT INTO log SELECT repeat('x', 1000) FROM generate_series(1, 2000); END LOOP; END $$`,
    )
    .catch(() => {});
  const figures = new SessionProcesses(new Processes());
  const { own, system } = await both(
    figures,
    writer,
    (before, { io }) => field(io, 'write_bytes') - field(before.io, 'write_bytes') > 5 * MB,
  );
  expect(own?.writtenBytesPerSecond).toBeGreaterThan(system.writes * 0.7);
  expect(own?.writtenBytesPerSecond).toBeLessThan(system.writes * 1.3);
  expect(own?.readBytesPerSecond).toBeCloseTo(system.reads, -6);
  await watcher.sql('SELECT pg_cancel_backend($1)', [writer.pid]);
  await busy;
});

test('a session that reads: its bytes from storage, and not those that the page cache has', async () => {
  const reader = await open();
  await reader.sql(
    `CREATE TABLE read AS SELECT g AS id, repeat('x', 500) AS x FROM generate_series(1, 100000) g`,
  );
  await reader.sql('CHECKPOINT');
  const [row] = await reader.sql(`SELECT pg_relation_filepath('read') AS path`);
  let now = 1000;
  const figures = new SessionProcesses(new Processes(), () => now);
  const scanned = async () => {
    figures.read(watcher, [reader.backend]);
    const before = field(said(reader.pid, 'io'), 'read_bytes');
    await reader.sql('SELECT count(*) FROM read');
    now += 1000;
    figures.read(watcher, [reader.backend]);
    expect(figures.of(reader.backend)?.readBytesPerSecond).toBe(
      field(said(reader.pid, 'io'), 'read_bytes') - before,
    );
    now += 1000;
    return figures.of(reader.backend)?.readBytesPerSecond;
  };
  // written to the disk, and out of the page cache, as far as nobody holds it there
  const file = join(cluster.dataDir, String(row?.path));
  execFileSync('sync', [file]);
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
  expect(await scanned()).toBeGreaterThan(MB);
  expect(await scanned()).toBeLessThan(MB);
});

test('the first reading has no rates, and neither has that after nobody looked', async () => {
  const session = await open();
  let now = 1000;
  const figures = new SessionProcesses(new Processes(), () => now);
  const read = () => figures.read(watcher, [session.backend]);
  const expected = { cpu: null, ownBytes: expect.any(Number), readBytesPerSecond: null };
  read();
  expect(figures.of(session.backend)).toMatchObject(expected);
  now += 1000;
  read();
  expect(figures.of(session.backend)?.cpu).toEqual(expect.any(Number));
  figures.rest();
  expect(figures.of(session.backend)).toBeUndefined();
  // what it is proven by is not forgotten
  expect(figures.known).toBe(true);
  read();
  expect(figures.of(session.backend)).toMatchObject(expected);
});

test('a session that is listed again has figures of the interval, and not of the time between', async () => {
  let now = 1000;
  const [busy, other] = [await open(), await open()];
  const figures = new SessionProcesses(new Processes(), () => now);
  const second = (...listed: Session[]) => {
    now += 1000;
    figures.read(
      watcher,
      listed.map(({ backend }) => backend),
    );
  };
  second(busy, other);
  await busy.sql(`DO $$ BEGIN FOR i IN 1..3000000 LOOP PERFORM 1; END LOOP; END $$`);
  second(other);
  second(busy, other);
  // what it has done was told of the second in which it did that
  expect(figures.of(busy.backend)?.cpu).toBeLessThan(0.05);
  // for who is not listed for long nothing is read
  for (let i = 0; i < 31; i++) second(other);
  expect(figures.of(busy.backend)).toBeUndefined();
  second(busy, other);
  expect(figures.of(busy.backend)).toMatchObject({ cpu: null });
});

test('two readings that hardly differ in time count as one', async () => {
  let now = 1000;
  const session = await open();
  const figures = new SessionProcesses(new Processes(), () => now);
  figures.read(watcher, [session.backend]);
  now += 50;
  figures.read(watcher, [session.backend]);
  expect(figures.of(session.backend)?.cpu).toBeNull();
  now += 1000;
  figures.read(watcher, [session.backend]);
  expect(figures.of(session.backend)?.cpu).toEqual(expect.any(Number));
});

test('a session that ends between the list and the reading', async () => {
  const session = await connect(cluster.target(), 'workload', 'app');
  const { backend } = session;
  let now = 1000;
  const figures = new SessionProcesses(new Processes(), () => now);
  figures.read(watcher, [backend]);
  expect(figures.of(backend)).toBeDefined();
  await session.close();
  await gone(backend.pid);
  now += 1000;
  figures.read(watcher, [backend]);
  expect(figures.of(backend)).toBeUndefined();
});

test('the session of another server on this machine, as old as it says', async () => {
  const foreign = await connect(serverTarget(), 'workload', 'app');
  const ours = await connect(serverTarget(), 'control', 'pgdeck-monitor');
  const read = (witness: Session) => {
    const figures = new SessionProcesses(new Processes());
    figures.read(witness, [foreign.backend]);
    return [figures.known, figures.of(foreign.backend) !== undefined];
  };
  expect(read(watcher)).toEqual([true, false]);
  expect(read(ours)).toEqual([true, true]);
  await foreign.close();
  await ours.close();
});

test('a process that is not as old as the session, of a session whose start is hidden, or of nobody here', async () => {
  const { backend } = await open();
  const start = backend.backendStart ?? Number.NaN;
  const figures = new SessionProcesses(new Processes());
  const others = [
    { ...backend, backendStart: start - 10e6 },
    { ...backend, backendStart: start + 10e6 },
    { ...backend, backendStart: null },
    // as old, and no child of the server's
    { pid: process.pid, backendStart: Date.now() * 1000 },
  ];
  figures.read(watcher, [...others, backend]);
  expect(others.map((one) => figures.of(one))).toEqual(others.map(() => undefined));
  expect(figures.of(backend)).toBeDefined();
});

/** Where the next pid can be chosen. */
const LAST_PID = '/proc/sys/kernel/ns_last_pid';
const MAY_CHOOSE = (() => {
  try {
    writeFileSync(LAST_PID, readFileSync(LAST_PID));
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!MAY_CHOOSE)('a later session with the pid of one that was read begins anew', async () => {
  const first = await connect(cluster.target(), 'workload', 'app');
  let now = 1000;
  const figures = new SessionProcesses(new Processes(), () => now);
  const refs = [first.backend];
  figures.read(watcher, refs);
  await first.close();
  await gone(first.pid);
  // all pids of a machine are not used up in less
  const began = (first.backend.backendStart ?? Number.NaN) / 1000;
  await until(() => Date.now() - began > 2500, { what: 'the time that tells sessions of one pid apart' });
  const later = await until(
    async () => {
      writeFileSync(LAST_PID, String(first.pid - 1));
      const session = await connect(cluster.target(), 'workload', 'app');
      if (session.pid === first.pid) return session;
      await session.close();
      return undefined;
    },
    { what: `another session of pid ${first.pid}`, timeout: 20_000 },
  );
  sessions.push(later);
  refs.push(later.backend);
  now += 1000;
  figures.read(watcher, refs);
  expect(figures.of(first.backend)).toBeUndefined();
  expect(figures.of(later.backend)).toMatchObject({ cpu: null, ownBytes: expect.any(Number) });
});

test('a server whose watching session has another process here', async () => {
  const other = await open();
  const { backend, server } = watcher;
  const start = backend.backendStart ?? Number.NaN;
  const witnesses: Record<string, Witness> = {
    'another session’s process, of another age': { server, backend: { ...backend, pid: other.pid } },
    'a process that began later': { server, backend: { ...backend, backendStart: start - 1e6 } },
    'a process that began before': { server, backend: { ...backend, backendStart: start + 3e6 } },
    'a postmaster that began later': {
      server: { ...server, startedAt: server.startedAt - 60_000 },
      backend,
    },
    'a postmaster that began long before': {
      server: { ...server, startedAt: server.startedAt + 200_000 },
      backend,
    },
    'a connection from another port': { server, backend: { ...backend, clientPort: 1 } },
    'no process of a server': { server, backend: { ...backend, pid: process.pid } },
    'a start that is not known': { server, backend: { ...backend, backendStart: null } },
  };
  for (const [what, witness] of Object.entries(witnesses)) {
    const figures = new SessionProcesses(new Processes());
    figures.read(witness, [other.backend]);
    expect([what, figures.known, figures.of(other.backend)]).toEqual([what, false, undefined]);
    expect(figures.reason, what).toMatch(/^The server’s processes are not seen on this machine/);
  }
  const figures = new SessionProcesses(new Processes());
  const [witness] = Object.values(witnesses);
  if (witness) figures.read(witness, [other.backend]);
  expect(figures.known).toBe(false);
  // after a new connection it is looked at anew
  figures.read(watcher, [other.backend]);
  expect(figures.of(other.backend)).toBeDefined();
});

test('over a Unix socket it is proven as well', async () => {
  const session = await connect(cluster.target({ host: cluster.socketDir }), 'control', 'pgdeck-monitor');
  sessions.push(session);
  expect(session.backend.clientPort).toBeNull();
  const figures = new SessionProcesses(new Processes());
  figures.read(session, [watcher.backend]);
  expect(figures.of(watcher.backend)).toBeDefined();
});

test('through a pooler on this machine, whose server is here', async () => {
  const { through, stop } = await pooler(cluster.target(), { mode: 'transaction' });
  try {
    const session = await connect(through(cluster.target()), 'control', 'pgdeck-monitor');
    expect(session.server.pooled).toBe(true);
    const figures = new SessionProcesses(new Processes());
    figures.read(session, [watcher.backend]);
    expect(figures).toMatchObject({ known: true });
    expect(figures.of(watcher.backend)).toBeDefined();
    await session.close();
  } finally {
    await stop();
  }
});

test.skipIf(!MAY_APART)('a server that numbers its processes anew, on this machine', async () => {
  const apart = await serverApart();
  const session = await connect(apart.cluster.target(), 'control', 'pgdeck-monitor');
  try {
    const figures = new SessionProcesses(new Processes());
    figures.read(session, [session.backend, ...sessions.map(({ backend }) => backend)]);
    expect(figures.known).toBe(false);
    expect(figures.reason).toMatch(/not seen on this machine/);
    expect(figures.of(session.backend)).toBeUndefined();
  } finally {
    await session.close();
    await apart.remove();
  }
});

test('a system without /proc', () => {
  const figures = new SessionProcesses(new Processes(temporaryDirectory()));
  figures.read(watcher, [watcher.backend]);
  expect(figures.reason).toMatch(/from \/proc, which this machine does not have/);
  expect(figures.of(watcher.backend)).toBeUndefined();
});

test('beyond 500 sessions it is said that what the others take is not known', async () => {
  const { pid, backendStart } = (await open()).backend;
  const sessions = Array.from({ length: 501 }, (_, at) => ({ pid, backendStart: Number(backendStart) + at }));
  const all = new SessionProcesses(new Processes());
  all.read(watcher, sessions.slice(1));
  expect(all.beyondReason).toBeUndefined();
  const first = new SessionProcesses(new Processes());
  first.read(watcher, sessions);
  expect(sessions.map((session) => first.of(session) !== undefined).lastIndexOf(true)).toBe(499);
  expect(first.beyondReason).toMatch(/^Of the first 500 sessions/);
});

test('a server that has ended is not known any more, though the connection to a pooler goes on', async () => {
  const other = await createCluster({ bin: inject('postgres').bin });
  const figures = new SessionProcesses(new Processes());
  const session = await connect(other.target(), 'control', 'pgdeck-monitor');
  try {
    figures.read(session, []);
    expect(figures.known).toBe(true);
  } finally {
    await session.close();
    await other.remove();
  }
  figures.read(session, []);
  expect(figures.known).toBe(false);
  expect(figures.reason).toMatch(/^The server’s processes are not seen/);
});
