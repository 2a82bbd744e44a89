import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import type { Host } from '../../src/hosts/host.ts';
import { local } from '../../src/hosts/local.ts';
import { LogFollow } from '../../src/log/follow.ts';
import { LogHour } from '../../src/log/hour.ts';
import { openLog } from '../../src/log/open.ts';
import { until } from '../support/cluster.ts';
import { all, clientOf, logging, messages, opened, say } from './stage.ts';

let cluster: Cluster;
let session: Session;
beforeAll(async () => {
  cluster = await logging();
  session = await clientOf(cluster);
  await session.sql('CREATE ROLE nobody LOGIN');
});
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

/** A machine that the server does not run on. */
const elsewhere: Host = {
  ...local,
  files: {
    ...local.files,
    read: async () => {
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    },
  },
};

async function asNobody<T>(work: (nobody: Session) => Promise<T>): Promise<T> {
  const nobody = await connect(cluster.target({ user: 'nobody' }), 'slow', 'pgdeck-log');
  try {
    return await work(nobody);
  } finally {
    await nobody.close();
  }
}

/** The last hour by way of each, until a text is in it. */
async function hourOf(one: Session, host: Host, text: string): Promise<string[]> {
  return until(
    async () => {
      const { reader, ahead } = await opened(one, host);
      const found = await all(reader.since(Date.now() + ahead - 3_600_000, await reader.begin()));
      const texts = messages([...found, ...reader.finish()]);
      return texts.includes(text) ? texts : undefined;
    },
    { what: `${text} is read` },
  );
}

test('on the machine of the server its files are read; elsewhere the server reads them; what pgdeck asks for that is left out', async () => {
  await session.sql(`ALTER ROLE postgres SET log_statement = 'all'`);
  const watcher = await connect(cluster.target(), 'slow', 'pgdeck-log');
  try {
    // whoever writes like pgdeck hides nothing
    const hiding = 'SELECT /* pgdeck */ 7 /* pg_ls_logdir */';
    await watcher.sql(hiding);
    await say(session, 'o1');
    for (const [host, place] of [
      [local, /\/log on this machine$/],
      [elsewhere, /^log of the server$/],
    ] as const) {
      const texts = await hourOf(watcher, host, 'o1');
      expect(texts.filter((text) => /pg_read_binary_file|pg_ls_logdir/.test(text))).toEqual([
        expect.stringContaining(hiding),
      ]);
      expect(texts.some((text) => text.includes('database system is ready'))).toBe(true);
      expect((await opened(watcher, host)).reader.source.place).toMatch(place);
    }
  } finally {
    await watcher.close();
    await session.sql('ALTER ROLE postgres RESET log_statement');
  }
});

test('a role that may not is told the exact rights, and they are enough', async () => {
  const closed = await asNobody((nobody) => openLog(nobody, elsewhere));
  expect(closed).toEqual({
    unknown: "The role nobody may not read the server's log.",
    remedy: expect.stringMatching(
      /^GRANT pg_monitor TO "nobody"; GRANT EXECUTE ON FUNCTION .* TO "nobody" \(in the database "postgres"\)/,
    ),
  });
  const [grants = ''] = ('remedy' in closed && closed.remedy ? closed.remedy : '').split(' (in the');
  await session.sql('GRANT pg_monitor TO nobody');
  // a member of pg_monitor sees where the log is, and may not read it
  expect(await asNobody((nobody) => new LogHour(elsewhere, 1000).read(nobody))).toMatchObject({
    remedy: expect.stringMatching(/^GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file/),
  });
  await session.sql(grants);
  await say(session, 'o2');
  expect(await asNobody((nobody) => hourOf(nobody, elsewhere, 'o2'))).toContain('o1');
  // on the machine its files are read, whatever the role
  expect(await asNobody(async (nobody) => (await opened(nobody)).sql)).toBeUndefined();
});

test('through the server, a log that moves to another directory is read to its end, and on there', async () => {
  const follow = new LogFollow(elsewhere);
  expect(await follow.open(session)).toBeUndefined();
  await all(follow.back(0));
  const seen: string[] = [];
  const readTo = async (text: string) =>
    until(
      async () => {
        seen.push(...messages(await all(follow.more(session))));
        return seen.includes(text);
      },
      { what: `${text} is read` },
    );
  await say(session, 'd1');
  await readTo('d1');
  // same names, other files
  await say(session, 'd2');
  await session.sql(`ALTER SYSTEM SET log_directory = 'moved'`);
  await session.sql('SELECT pg_reload_conf()');
  await until(
    async () =>
      String((await session.sql('SELECT pg_current_logfile() AS file'))[0]?.file).startsWith('moved'),
    { what: 'the log is written elsewhere' },
  );
  await say(session, 'd3');
  await readTo('d3');
  await session.sql('ALTER SYSTEM RESET log_directory');
  await session.sql('SELECT pg_reload_conf()');
  const said = seen.filter((text) => /^d\d/.test(text)).map((text) => text.slice(0, 2));
  expect(said).toEqual(['d1', 'd2', 'd3']);
});

test('of a server of another machine nothing is read here, though its data directory is the same path', async () => {
  // as through a tunnel: another start, another cluster
  const { server } = session;
  const other: Session = Object.assign(Object.create(session) as Session, {
    server: { ...server, startedAt: server.startedAt + 3_600_000 },
    run: session.run.bind(session),
  });
  expect((await opened(other)).sql).toBeDefined();
});

test('without a collector stderr is read where it is a file, and else told where it goes', async () => {
  await session.sql(`ALTER SYSTEM SET logging_collector = 'off'`);
  await session.sql(`ALTER SYSTEM SET log_destination = 'stderr'`);
  await session.close();
  await cluster.restart();
  session = await clientOf(cluster);
  const closed = await openLog(session, elsewhere);
  expect(closed).toMatchObject({
    unknown: expect.stringMatching(/^logging_collector is off: .* journalctl .* docker logs/),
  });
  await session.sql(`ALTER SYSTEM SET log_destination = 'syslog'`);
  await session.sql('SELECT pg_reload_conf()');
  await until(async () => /goes to syslog/.test(JSON.stringify(await openLog(session, elsewhere))), {
    what: 'syslog is told',
  });
  await session.sql(`ALTER SYSTEM SET log_destination = 'stderr'`);
  await session.sql('SELECT pg_reload_conf()');
  if (local.platform !== 'linux') return;
  await until(
    async () => {
      await say(session, 'o3');
      const { reader, ahead } = await opened(session);
      const found = await all(reader.since(Date.now() + ahead - 60_000, await reader.begin()));
      return messages(found).includes('o3');
    },
    { what: 'the file that stderr goes to is read' },
  );
});
