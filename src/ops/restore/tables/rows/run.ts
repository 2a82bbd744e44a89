import type { Workspace } from '../../../../hosts/host.ts';
import type { BackupBytes } from '../../../archive/bytes/bytes.ts';
import { Changed } from '../../../archive/bytes/errors.ts';
import { restrictLine } from '../../../archive/sql/guard-stream.ts';
import { runPrograms } from '../../../engine/run/programs.ts';
import { OpError } from '../../../error.ts';
import { type ClientEnvironment, databaseArgument } from '../../../programs/environment.ts';
import type { Clients } from '../../../programs/programs.ts';
import { restricts } from '../../../programs/restricted.ts';
import { tablesErrors } from '../errors.ts';
import type { Redirect } from './filter.ts';
import { gate } from './gate.ts';
import type { Rows } from './source.ts';

/** A number that a script has told. */
export interface Told {
  readonly count: string;
  /** Which table or cascade, from 0. */
  readonly at: number;
  readonly value: number;
}

export interface Pass {
  readonly clients: Clients;
  readonly env: ClientEnvironment;
  readonly database: string;
  /** What writes the backup's rows, with a workspace for what it needs. */
  readonly rows: (workspace: Workspace) => Promise<Rows>;
  readonly redirects: readonly Redirect[];
  /** Of the backup: nothing is committed when they were changed meanwhile. */
  readonly bytes: BackupBytes;
  /** SQL before the rows and after them, in the same session. */
  readonly opening: string;
  readonly closing: string;
  readonly signal?: AbortSignal;
  /** Called for each number as it is told. */
  readonly onTold?: (told: Told) => void;
  readonly redact: (text: string) => string;
}

/**
 * Sends rows of the backup to one session of psql, between two scripts. The rows pass through the kernel only:
 * pg_restore | sed | psql. Throws {@link OpError} with what the server said; its transaction is rolled back then.
 */
export async function runPass(pass: Pass): Promise<Told[]> {
  try {
    return await pass.clients.host.withWorkspace((workspace) => runIn(workspace, pass));
  } catch (error) {
    throw error instanceof OpError ? await changedOr(error, pass.bytes) : error;
  }
}

/** What else goes wrong when a file is changed comes of that. */
async function changedOr(error: OpError, bytes: BackupBytes): Promise<OpError> {
  try {
    if (!(error instanceof Changed)) await bytes.unchanged();
    return error instanceof Changed ? nothingChanged(error) : error;
  } catch (other) {
    return other instanceof Changed ? nothingChanged(other) : error;
  }
}

function nothingChanged({ message, next }: OpError): OpError {
  return tablesErrors.nothingChanged({ why: message, next });
}

async function runIn(workspace: Workspace, pass: Pass): Promise<Told[]> {
  // definitions and rows are the backup's text: from here on psql takes no command of its own
  const restrict = (await restricts(pass.clients)) ? restrictLine() : '';
  const opening = await workspace.write('opening.sql', `${restrict}${pass.opening}`);
  const closing = await workspace.write('closing.sql', pass.closing);
  const psql = ['-X', '-q', '-A', '-t', '-w', '-F', '\t', '-v', 'ON_ERROR_STOP=1'];
  const { commands: reading, from, files } = await pass.rows(workspace);
  const { host } = pass.clients;
  const commands = [
    ...reading,
    await gate(host, workspace, pass.redirects, files),
    {
      command: pass.clients.path('psql'),
      args: [...psql, '-d', databaseArgument(pass.database), '-f', opening, '-f', '-', '-f', closing],
    },
  ];
  // what was noted now is what was looked at then
  await pass.bytes.unchanged();
  const { redact, signal } = pass;
  const { stdout } = await runPrograms(
    (how) => host.pipe(commands, { ...how, ...(from && { inputFrom: from }) }),
    {
      line: () => {},
      signal,
      name: 'psql',
      redact,
      failure: (_program, _exitCode, stderr) => failed(stderr),
    },
    {
      env: { ...pass.env, PGCLIENTENCODING: 'UTF8' },
      quiet: true,
      maxOutput: 1 << 20,
      onLine: (line, from) => {
        if (from === 'stdout') for (const told of numbers(line)) pass.onTold?.(told);
      },
    },
  );
  return numbers(stdout);
}

function numbers(stdout: string): Told[] {
  return [...stdout.matchAll(/^pgdeck\t(\w+)\t(\d+)\t(\d+)$/gm)].map(([, count = '', at, value]) => ({
    count,
    at: Number(at),
    value: Number(value),
  }));
}

/** The server's own words, with what they point to. */
function failed(stderr: string): OpError {
  const lines = stderr.split('\n');
  const at = lines.findIndex((line) => /(?:ERROR|FATAL): {2}/.test(line));
  const error = lines[at]?.replace(/^.*?(?:ERROR|FATAL): {2}/, '');
  if (error === undefined) {
    const said = lines.filter((line) => line.trim() !== '').slice(-3);
    return tablesErrors.psqlEnded({ said: said.join(' ') });
  }
  const after = lines.slice(at + 1, at + 6);
  const part = (label: string) =>
    after
      .find((line) => line.startsWith(label))
      ?.slice(label.length)
      .trim();
  // which row of the backup it was; of other statements only where in a script
  const row = part('CONTEXT:');
  const detail = part('DETAIL:') ?? (row?.startsWith('COPY ') ? row : undefined);
  return tablesErrors.server({ said: error, detail });
}
