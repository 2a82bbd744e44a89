import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freedBy, waitGraph } from '../../src/db/blocking.ts';
import { connect, type Session } from '../../src/db/client.ts';
import { type Cure, cures } from '../../src/db/cures.ts';
import { type LockRow, lockTree } from '../../src/db/queries/locks.ts';
import { client, type TestDatabase, testDatabase, until } from '../support/cluster.ts';

let db: TestDatabase;
let watcher: Session;

beforeAll(async () => {
  db = await testDatabase();
  watcher = await connect(db.target(), 'control', 'watcher');
  // as an application: a connection that watches has no search_path
  const maker = await client(db.target(), 'maker');
  await maker.sql(
    'CREATE TABLE one (id int PRIMARY KEY, n int); CREATE TABLE two (id int PRIMARY KEY, n int)',
  );
  await maker.sql('INSERT INTO one VALUES (1, 0), (2, 0), (3, 0); INSERT INTO two VALUES (1, 0), (2, 0)');
  await maker.sql(`CREATE FUNCTION reads_one() RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE
    AS 'BEGIN RETURN (SELECT count(*) FROM one); END'`);
});
afterAll(async () => {
  await watcher?.close();
  await db?.drop();
});

async function rowsOf(pids: ReadonlySet<number>): Promise<LockRow[]> {
  const rows = await watcher.run(lockTree, { queryChars: 100, limit: 1000, waitingBlockers: 3 });
  // the server has other tests' sessions too
  return rows.filter((row) => pids.has(row.pid) || row.prepared_in === db.database);
}

/** Sessions that hold something, and statements that wait for it. */
class Scene {
  readonly #sessions = new Map<string, Session>();
  readonly #through = new Set<string>();
  #gid: string | undefined;

  async #session(name: string): Promise<Session> {
    const known = this.#sessions.get(name);
    if (known) return known;
    const session = await client(db.target(), name);
    this.#sessions.set(name, session);
    return session;
  }

  /** Holds locks in an open transaction. */
  async holds(name: string, ...statements: string[]): Promise<void> {
    const session = await this.#session(name);
    for (const sql of ['BEGIN', ...statements]) await session.sql(sql);
  }

  /** Runs statements that end. */
  async does(name: string, ...statements: string[]): Promise<void> {
    const session = await this.#session(name);
    for (const sql of statements) await session.sql(sql);
  }

  /** Runs a statement that waits; when it has its lock, the transaction ends. */
  async waits(name: string, sql: string): Promise<void> {
    const session = await this.#session(name);
    session
      .sql(sql)
      .then(() => session.sql('COMMIT'))
      .then(
        () => this.#through.add(name),
        () => {},
      );
    await until(async () => (await this.waiting()).includes(name), { what: `a wait of ${name}` });
  }

  /** Runs a statement for long, without waiting for a lock. */
  async runs(name: string, sql: string): Promise<void> {
    const session = await this.#session(name);
    session.sql(sql).catch(() => {});
    await until(
      async () => {
        const [row] = await watcher.sql('SELECT wait_event FROM pg_stat_activity WHERE pid = $1', [
          session.pid,
        ]);
        return row?.wait_event === 'PgSleep';
      },
      { what: `${name} at work` },
    );
  }

  async prepares(name: string, gid: string, ...statements: string[]): Promise<void> {
    await this.holds(name, ...statements, `PREPARE TRANSACTION '${gid}'`);
    this.#gid = gid;
  }

  get pids(): ReadonlySet<number> {
    return new Set([...this.#sessions.values()].map(({ pid }) => pid));
  }

  nameOf(pid: number): string {
    return [...this.#sessions].find(([, session]) => session.pid === pid)?.[0] ?? 'prepared';
  }

  rows(): Promise<LockRow[]> {
    return rowsOf(this.pids);
  }

  async waiting(): Promise<string[]> {
    return (await this.rows()).filter(({ n_blockers }) => n_blockers > 0).map(({ pid }) => this.nameOf(pid));
  }

  /** `cancel alter: reader writer`. */
  told({ action, pids, frees }: Cure): string {
    return `${action} ${this.#names(pids)}: ${this.#names(frees)}`;
  }

  #names(pids: readonly number[]): string {
    return pids
      .map((pid) => this.nameOf(pid))
      .sort()
      .join(' ');
  }

  /** Does to the server what the cure says, and waits until exactly those whom it frees have come through. */
  async apply({ action, pids, frees }: Cure): Promise<void> {
    for (const pid of pids)
      if (pid <= 0) await watcher.sql(`ROLLBACK PREPARED '${this.#gid}'`);
      else await watcher.sql(`SELECT pg_${action}_backend($1)`, [pid]);
    const expected = frees.map((pid) => this.nameOf(pid)).sort();
    await until(() => [...this.#through].sort().join() === expected.join(), {
      what: `the end of ${expected.join()} by ${action}`,
    });
    // the others wait as before
    const rest = (await this.rows()).filter(({ n_blockers }) => n_blockers > 0).map(({ pid }) => pid);
    expect(rest.filter((pid) => frees.includes(pid) || pids.includes(pid))).toEqual([]);
    expect([...this.#through].sort()).toEqual(expected);
  }

  async leave(): Promise<void> {
    if (this.#gid !== undefined)
      for (const { gid } of await watcher.sql('SELECT gid FROM pg_prepared_xacts WHERE gid = $1', [
        this.#gid,
      ]))
        await watcher.sql(`ROLLBACK PREPARED '${gid}'`);
    for (const { pid } of this.#sessions.values())
      await watcher.sql('SELECT pg_terminate_backend($1)', [pid]);
    await until(
      async () =>
        (await watcher.sql('SELECT 1 FROM pg_stat_activity WHERE pid = ANY ($1)', [[...this.pids]]))
          .length === 0,
      { what: 'the end of the scene' },
    );
  }
}

const scenes: Scene[] = [];
const clear = async () => {
  for (const scene of scenes.splice(0)) await scene.leave();
};
afterEach(clear);

async function scene(make: (scene: Scene) => Promise<void>): Promise<Scene> {
  const made = new Scene();
  scenes.push(made);
  await make(made);
  return made;
}

test.each<[string, (s: Scene) => Promise<void>, string[]]>([
  [
    'an ALTER in the queue behind two readers',
    async (s) => {
      for (const reader of ['a', 'b']) await s.holds(reader, 'SELECT * FROM one');
      await s.waits('alter', 'ALTER TABLE one ALTER n SET DEFAULT 1');
      await s.waits('select', 'SELECT * FROM one');
      await s.waits('update', 'UPDATE one SET n = 1 WHERE id = 1');
    },
    ['terminate a b: alter select update', 'cancel alter: select update'],
  ],
  [
    'two ALTERs in the queue: cancelling the first leaves the second in the way',
    async (s) => {
      await s.holds('a', 'SELECT * FROM one');
      await s.waits('first', 'ALTER TABLE one ALTER n SET DEFAULT 2');
      await s.waits('second', 'ALTER TABLE one ALTER n SET DEFAULT 3');
      await s.waits('select', 'SELECT * FROM one');
    },
    ['terminate a: first second select'],
  ],
  [
    'a chain over two relations',
    async (s) => {
      await s.holds('a', 'LOCK TABLE one');
      await s.holds('b', 'LOCK TABLE two');
      await s.waits('b', 'LOCK TABLE one');
      await s.waits('c', 'SELECT * FROM two');
      await s.waits('d', 'UPDATE two SET n = 1 WHERE id = 1');
    },
    ['terminate a: b c d', 'cancel b: c d'],
  ],
  [
    'two pile-ups that have nothing to do with each other',
    async (s) => {
      await s.holds('a', 'SELECT * FROM one');
      await s.holds('b', 'SELECT * FROM two');
      await s.waits('alter', 'ALTER TABLE one ALTER n SET DEFAULT 1');
      await s.waits('truncate', 'TRUNCATE two');
      await s.waits('c', 'SELECT * FROM one');
    },
    ['terminate a: alter c', 'cancel alter: c', 'terminate b: truncate'],
  ],
  [
    'a row: whoever gets the tuple waits for the same transaction next',
    async (s) => {
      await s.holds('a', 'UPDATE one SET n = 1 WHERE id = 1');
      for (const name of ['b', 'c', 'd']) await s.waits(name, 'UPDATE one SET n = 2 WHERE id = 1');
    },
    ['terminate a: b c d'],
  ],
  [
    'advisory locks, shared behind exclusive',
    async (s) => {
      await s.holds('a', 'SELECT pg_advisory_xact_lock_shared(4711)');
      await s.waits('b', 'SELECT pg_advisory_xact_lock(4711)');
      for (const name of ['c', 'd']) await s.waits(name, 'SELECT pg_advisory_xact_lock_shared(4711)');
    },
    ['terminate a: b c d', 'cancel b: c d'],
  ],
  [
    'an advisory lock of a session outlasts its statement and its transaction',
    async (s) => {
      await s.holds('a', 'LOCK TABLE one');
      await s.does('b', 'SELECT pg_advisory_lock(4712)');
      await s.waits('b', 'SELECT * FROM one');
      await s.waits('c', 'SELECT pg_advisory_xact_lock(4712)');
    },
    ['terminate a: b'],
  ],
  [
    'a root that runs a statement',
    async (s) => {
      await s.holds('a', 'LOCK TABLE one');
      await s.runs('a', 'SELECT pg_sleep(600)');
      await s.waits('b', 'SELECT * FROM one');
    },
    ['cancel a: b', 'terminate a: b'],
  ],
  [
    'a prepared transaction together with a session',
    async (s) => {
      await s.prepares(
        'maker',
        `cures ${process.pid}`,
        'LOCK TABLE one IN ACCESS SHARE MODE',
        'UPDATE two SET n = 9',
      );
      await s.holds('a', 'SELECT * FROM one');
      await s.waits('alter', 'ALTER TABLE one ALTER n SET DEFAULT 1');
      await s.waits('b', 'SELECT * FROM one');
    },
    ['terminate a prepared: alter b', 'cancel alter: b'],
  ],
  [
    'a session that waits by its parallel worker',
    async (s) => {
      await s.holds('a', 'LOCK TABLE one');
      const [set] = await watcher.sql(
        "SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')",
      );
      await s.does('b', `SET ${String(set?.name)} = on`);
      await s.holds('b', 'LOCK TABLE two');
      await s.waits('b', 'SELECT reads_one()');
      await s.waits('c', 'SELECT * FROM two');
    },
    ['terminate a: b c', 'cancel b: c'],
  ],
  [
    'sessions that wait for each other',
    async (s) => {
      for (const [name, table] of [
        ['a', 'one'],
        ['b', 'two'],
      ] as const) {
        await s.does(name, "SET deadlock_timeout = '60s'");
        await s.holds(name, `LOCK TABLE ${table}`);
      }
      await s.waits('a', 'LOCK TABLE two');
      await s.waits('b', 'LOCK TABLE one');
    },
    ['cancel a: b', 'cancel b: a'],
  ],
])('%s: each cure frees on the server whom it names, and nobody else', async (_, make, expected) => {
  const first = await scene(make);
  const found = cures(await first.rows());
  expect(found.map((cure) => first.told(cure)).sort()).toEqual([...expected].sort());
  // strongest first
  expect(found.map(({ frees }) => frees.length)).toEqual(
    found.map(({ frees }) => frees.length).sort((a, b) => b - a),
  );
  for (const told of expected) {
    await clear();
    const again = await scene(make);
    const cure = cures(await again.rows()).find((one) => again.told(one) === told);
    await again.apply(cure as Cure);
  }
});

test('cancelling the one that holds a tuple frees nobody: the next waits for the same transaction', async () => {
  const s = await scene(async (made) => {
    await made.holds('a', 'UPDATE one SET n = 1 WHERE id = 1');
    for (const name of ['b', 'c']) await made.waits(name, 'UPDATE one SET n = 2 WHERE id = 1');
  });
  const rows = await s.rows();
  const b = rows.find(({ pid }) => s.nameOf(pid) === 'b');
  expect(freedBy(waitGraph(rows), new Set([b?.pid ?? 0]), 'cancelled')).toEqual([]);
  await watcher.sql('SELECT pg_cancel_backend($1)', [b?.pid]);
  await until(
    async () => (await s.rows()).some((row) => s.nameOf(row.pid) === 'c' && row.locktype === 'transactionid'),
    { what: 'c waiting for the transaction' },
  );
});

function waiter(pid: number, blockedBy: number[], more: Partial<LockRow> = {}): LockRow {
  return {
    ...{ pid, blocked_by: blockedBy, n_blockers: blockedBy.length, backend_start_us: pid },
    ...{ wait_seconds: 300 - pid, locktype: 'relation', mode: 'AccessExclusiveLock', queue: 1 },
    ...{ backend_type: 'client backend', state: 'active' },
    ...more,
  } as LockRow;
}
const root = (pid: number, more: Partial<LockRow> = {}) =>
  waiter(pid, [], {
    wait_seconds: null,
    locktype: null,
    mode: null,
    queue: null,
    state: 'idle in transaction',
    ...more,
  });

test('server processes are never among what would help, and a hidden session is', () => {
  const vacuum = root(1, { backend_type: 'autovacuum worker', state: 'active' });
  expect(cures([vacuum, waiter(2, [1]), waiter(3, [2], { mode: 'AccessShareLock' })])).toEqual([
    { action: 'cancel', pids: [2], frees: [3] },
  ]);
  const hidden = root(1, { backend_type: null, state: null, backend_start_us: null });
  expect(cures([hidden, waiter(2, [1])])).toEqual([{ action: 'terminate', pids: [1], frees: [2] }]);
});

test('what would help 200 in one queue, or in one chain, is known in a moment', () => {
  const queue = [
    root(1),
    ...Array.from({ length: 200 }, (_, i) => waiter(i + 2, [1], { n_blockers: i + 1 })),
  ];
  const chain = [root(1), ...Array.from({ length: 200 }, (_, i) => waiter(i + 2, [i + 1], { queue: i }))];
  const pairs = Array.from({ length: 100 }, (_, i) => [
    root(i + 1),
    waiter(i + 101, [i + 1], { queue: i }),
  ]).flat();
  for (const rows of [queue, chain, pairs]) {
    const times = Array.from({ length: 10 }, () => {
      const start = performance.now();
      expect(cures(rows).length).toBeGreaterThan(0);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(15);
  }
});
