import type { Transform } from 'node:stream';
import type { Session } from '../../../db/session.ts';
import type { Host, PipeCommand } from '../../../hosts/host.ts';
import type { BackupBytes } from '../../archive/bytes/bytes.ts';
import { GuardStream } from '../../archive/sql/guard-stream.ts';
import { withArchive } from '../../archive/staged.ts';
import { StripTimeout, textOf, unchanged } from '../../archive/text.ts';
import type { TocEntry } from '../../archive/toc.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import {
  type ClientEnvironment,
  withClientEnvironment,
  withoutTimeouts,
} from '../../programs/environment.ts';
import { pipeline } from '../../programs/pipeline.ts';
import { restricts } from '../../programs/restricted.ts';
import { endInPsql, type LoadWish, loadCommands } from './commands.ts';
import type { Expected } from './expected.ts';
import { LoadProgress } from './progress.ts';
import { loadWay } from './way.ts';

export interface Load extends Omit<LoadWish, 'listFile' | 'path'> {
  /** On this machine. */
  readonly path: string;
  /** Of what is loaded. */
  readonly bytes: BackupBytes;
  /** It is known to be damaged, and loaded all the same. */
  readonly damaged?: boolean;
  /** The entries that are loaded; everything without it. */
  readonly entries?: readonly TocEntry[];
  /** Something is left out: pg_restore gets a list. */
  readonly filtered?: boolean;
  readonly expected?: Expected;
  /** How the database is reached, where it is not on the context's server. */
  readonly elsewhere?: { readonly env: ClientEnvironment; connect(): Promise<Session> };
}

/** What a person should read. The rest is what --verbose says, and its processes write into each other's lines. */
const TOLD = /\b(error|warning|detail|hint|notice):|Command was: /i;
/** Characters of output that are kept: the errors are at its end. */
const KEEP = 32 * 1024;

/**
 * Loads an archive into a database and stops at the first error. Its bytes are compared with their checksums before, if
 * that was not done yet, and must be the same when it is done. Throws {@link ../../error.ts OpError} with what the
 * program said. What was loaded until then stays.
 */
export async function loadArchive(io: StepIo, context: OpContext, load: Load): Promise<void> {
  const { entries, filtered, elsewhere, bytes, clients } = load;
  const { host } = clients;
  if (load.damaged !== true) await bytes.compare(io);
  const run = (env: ClientEnvironment) =>
    withListFile(host, filtered ? entries : undefined, async (listFile) => {
      const wish = { ...load, ...(listFile !== undefined && { listFile }) };
      if ((await loadWay(host, load)) === 'streamed') await streamed(io, wish, env);
      else
        await withArchive(host, load, io, (path) =>
          watched(io, load, loadCommands({ ...wish, path }), env, {}),
        );
    });
  if (elsewhere !== undefined) await run(elsewhere.env);
  else await withClientEnvironment(context, io.applicationName, run);
  await bytes.unchanged();
}

/** Text passes the guard on this machine, and the check of its bytes before the end of it is told. */
async function streamed(io: StepIo, load: Load & LoadWish, env: ClientEnvironment): Promise<void> {
  const { clients, stripTimeout, bytes } = load;
  const commands = loadCommands({ ...load, path: undefined });
  if (load.kind === 'custom') {
    const from = unchanged(textOf({ kind: 'sql', path: load.path }), bytes);
    return watched(io, load, commands, env, { from });
  }
  const by = [
    ...(stripTimeout ? [new StripTimeout()] : []),
    new GuardStream({ restricts: await restricts(clients) }),
  ];
  return watched(io, load, commands, env, { from: unchanged(textOf(load, ...by), bytes) });
}

async function watched(
  io: StepIo,
  { entries, expected, elsewhere, database, clients }: Load,
  commands: readonly PipeCommand[],
  env: ClientEnvironment,
  { from }: { readonly from?: AsyncIterable<Buffer> },
): Promise<void> {
  const progress = new LoadProgress(io, expected, entries);
  const session = await (elsewhere === undefined ? io.connect(database) : elsewhere.connect());
  progress.watch(session);
  const through: Transform | undefined =
    commands.length > 1 && endInPsql(commands)
      ? new GuardStream({ restricts: await restricts(clients) })
      : undefined;
  let done = false;
  try {
    await pipeline(clients.host, io, commands, {
      // before it sets them itself it has asked once
      env: { ...env, ...withoutTimeouts(session.server) },
      quiet: true,
      ...(through && { through }),
      ...(from && { inputFrom: from }),
      maxOutput: KEEP,
      onLine: (text, source) => {
        if (source !== 'stderr') return;
        progress.line(text);
        if (TOLD.test(text)) io.line(text, 'stderr');
      },
    });
    done = true;
  } finally {
    await progress.stop(done);
    await session.close();
  }
}

async function withListFile(
  host: Host,
  entries: readonly TocEntry[] | undefined,
  work: (file: string | undefined) => Promise<void>,
): Promise<void> {
  if (entries === undefined) return work(undefined);
  await host.withWorkspace(async (workspace) =>
    work(await workspace.write('toc.list', `${entries.map(({ line }) => line).join('\n')}\n`)),
  );
}
