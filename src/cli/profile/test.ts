import type { Env } from '../../config/libpq/env.ts';
import { placeText } from '../../config/place-text.ts';
import type { Resolved } from '../../config/profile.ts';
import type { RunsOn } from '../../config/runs-on.ts';
import { DbError } from '../../db/errors.ts';
import type { Host } from '../../hosts/host.ts';
import { local } from '../../hosts/local.ts';
import { openHost } from '../../hosts/open.ts';
import { createContext } from '../../ops/engine/context.ts';
import type { OpContext } from '../../ops/engine/operation.ts';
import { OpError } from '../../ops/error.ts';
import { type Clients, findClients } from '../../ops/programs/programs.ts';
import { thereChecks } from '../../ops/programs/there.ts';
import { OPERATIONS } from '../../ops/registry.ts';
import { cleanLine } from '../../text/clean.ts';
import { bytes } from '../../text/units.ts';
import { EXIT, exitCodeOf, print, printJson } from '../output.ts';
import { type Hop, Hops } from './hops.ts';
import { type Probe, probe, probeLines } from './probe.ts';

const DIRECTORY = "SELECT current_setting('data_directory') AS directory";

/** What tells the version of a place's client; compose is docker's own, since its containers are gone into with that. */
const CLIENTS: Readonly<Record<RunsOn['kind'], readonly [string, ...string[]]>> = {
  local: ['sh', '-c', 'uname'],
  docker: ['docker', '--version'],
  compose: ['docker', '--version'],
  kubectl: ['kubectl', 'version', '--client'],
  ssh: ['ssh', '-V'],
};

const MARKS = { ok: 'ok', failed: 'FAILED', 'not tried': 'not tried' } as const;

/** Tries every hop of the way to a server that lives elsewhere, and says what works. Returns the exit code. */
export async function testHops(resolved: Resolved, env: Env, json: boolean): Promise<number> {
  const hops = new Hops(wordsOf, (hop) => {
    if (!json) print(hopLine(hop));
  });
  const { test, code } = await walk(resolved, env, hops);
  if (json) printJson({ test: { ...test, name: resolved.name, hops: hops.all } });
  else if (test !== undefined) for (const line of ['', ...probeLines(test)]) print(line);
  return code;
}

async function walk(
  resolved: Resolved,
  env: Env,
  hops: Hops,
): Promise<{ test: Probe | undefined; code: number }> {
  const place = resolved.runsOn.server;
  const client = await hops.try({
    hop: `${place.kind === 'compose' ? 'docker' : place.kind} on this machine`,
    run: () => clientVersion(place.kind),
    tell: (version) => `${version}.`,
  });
  const reached = await hops.try({
    hop: placeText(place),
    after: [client],
    run: () => openHost(place),
    tell: ({ label }) => `${label} is reached, and commands run there.`,
  });
  const host = reached.found;
  await hops.try({
    hop: 'shell there',
    after: [reached],
    run: () => shellOf(must(host)),
    tell: (shell) => `${shell}.`,
  });
  await hops.try({
    hop: 'processors and memory there',
    after: [reached],
    run: () => machineOf(must(host)),
    tell: (text) => text,
  });
  const { via } = resolved.target;
  const tunnel =
    (place.kind === 'ssh' && place.tunnel === true) || (place.kind === 'kubectl' && place.forward === true)
      ? await hops.try({
          hop: place.kind === 'ssh' ? 'tunnel' : 'port-forward',
          run: async () => (await via?.open()) ?? '',
          tell: () => 'It is open.',
        })
      : undefined;
  const connected = await hops.try({
    hop: 'database',
    ...(tunnel && { after: [tunnel] }),
    run: () => probe(resolved),
    tell: ({ server, version, role }) => `${server} is PostgreSQL ${version}, as ${role}.`,
  });
  const context = createContext({
    resolved,
    env,
    operations: (id) => OPERATIONS.find((one) => one.id === id),
    ...(host && { host }),
  });
  try {
    const programs = await hops.try({
      hop: 'programs there',
      after: [reached, connected],
      run: async () => {
        const { server } = await context.session();
        const { clients, check } = await findClients(context, server, ['psql', 'pg_dump', 'pg_restore']);
        if (clients === undefined) throw new Error(check.detail);
        return { clients, detail: check.detail };
      },
      tell: ({ detail }) => detail,
    });
    await hops.try({
      hop: 'the same server from there',
      after: [programs],
      run: () => sameServer(context, must(programs.found).clients),
      tell: () => 'psql there and the connection from here meet the same server.',
    });
    await hops.try({
      hop: 'data directory there',
      after: [reached, connected],
      run: () => dataDirectory(context),
      tell: (text) => text,
    });
    await hops.try({
      hop: 'temporary files there',
      after: [reached],
      run: () => temporary(must(host)),
      tell: (text) => text,
    });
  } finally {
    await context.close();
  }
  const failed = connected.error !== undefined ? exitCodeOf(connected.error) : EXIT.failed;
  const unreached = connected.found === undefined && connected.error === undefined;
  const code = hops.all.every(({ status }) => status === 'ok')
    ? EXIT.done
    : unreached
      ? EXIT.unreachable
      : failed;
  return { test: connected.found, code };
}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a hop was tried without the one that it needs');
  return value;
}

function hopLine({ hop, status, detail }: Hop): string {
  return `${MARKS[status].padEnd(9)}  ${cleanLine(hop).padEnd(28)}  ${cleanLine(detail)}`;
}

function wordsOf(error: unknown): string {
  if (error instanceof DbError || error instanceof OpError)
    return `${error.message} ${error.next ?? ''}`.trim();
  return error instanceof Error ? error.message : String(error);
}

/** Throws {@link CommandError} where it is not here. */
async function clientVersion(kind: RunsOn['kind']): Promise<string> {
  const [command, ...words] = CLIENTS[kind];
  const { stdout, stderr } = await local.run(command, words, { timeout: 10_000 });
  return cleanLine((stdout || stderr).trim().split('\n')[0] ?? '');
}

async function shellOf(host: Host): Promise<string> {
  const { stdout } = await host.run('sh', ['-c', 'readlink /proc/$$/exe || command -v sh'], {
    timeout: 20_000,
  });
  return cleanLine(stdout.trim());
}

async function machineOf(host: Host): Promise<string> {
  const { stdout } = await host.run('cat', ['/proc/meminfo'], { timeout: 20_000 });
  const kilobytes = Number(/^MemTotal:\s+(\d+) kB/m.exec(stdout)?.[1]);
  const memory = kilobytes > 0 ? bytes(kilobytes * 1024) : 'memory that it does not tell';
  return `${host.processors} processor${host.processors === 1 ? '' : 's'}, ${memory}.`;
}

/** Throws what keeps psql there from the server, or says that it meets another one. */
async function sameServer(context: OpContext, clients: Clients): Promise<void> {
  const [check] = await thereChecks(context, await context.session(), clients);
  if (check !== undefined && check.status !== 'ok') throw new Error(check.detail);
}

async function dataDirectory(context: OpContext): Promise<string> {
  const session = await context.session();
  const [row] = await session.sql(DIRECTORY);
  const directory = String(row?.directory ?? '');
  const { files } = context.host;
  try {
    await files.readAt(`${directory}/PG_VERSION`, 0, 16);
  } catch (error) {
    throw new Error(
      `The files of ${directory} are not to be read there (${(error as { code?: string }).code ?? wordsOf(error)}): it is another user, or another machine. Logs and figures of the disk come without them.`,
    );
  }
  const space = await files.space(directory);
  return `${directory} can be read${space === undefined ? '' : `; ${bytes(space.free)} of ${bytes(space.total)} are free`}.`;
}

async function temporary(host: Host): Promise<string> {
  await host.withWorkspace((workspace) => workspace.write('pgdeck', 'x'));
  const free = await host.files.free(host.temporary);
  const compared =
    host.transfer?.verifiedBy === 'bytes' ? ' Copies are compared by their length alone: no sha256sum.' : '';
  return `${host.temporary} can be written${free === undefined ? '' : `; ${bytes(free)} are free`}.${compared}`;
}
