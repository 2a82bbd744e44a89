import { CommandError, type Host, type PipeOptions } from '../../hosts/host.ts';
import type { Reader } from '../programs/programs.ts';
import type { Backup } from '../repository/repository.ts';
import { unquoted } from './heading.ts';
import { withOutline } from './staged.ts';
import { OUTLINE, unpack } from './unpack.ts';

/** What a backup names that belongs to no database, and that its definitions cannot be loaded without. */
export interface Wants {
  readonly roles: readonly string[];
  readonly tablespaces: readonly string[];
  /** It holds subscriptions. */
  readonly subscriptions: boolean;
}

const WORD = String.raw`"(?:[^"]|"")+"|'(?:[^']|'')+'|[^\s"',;()]+`;
const LIST = `((?:${WORD})(?:, (?:${WORD}))*)`;

/** Where a dump makes somebody an owner, or acts for somebody: who loads it has to be a member. */
const OWNERS = [
  ` OWNER TO ${LIST};$`,
  `^ALTER DEFAULT PRIVILEGES FOR (?:ROLE|USER) ${LIST} `,
  `^SET SESSION AUTHORIZATION ${LIST};$`,
].map((pattern) => new RegExp(pattern));
/** Where else it names roles. One too many does no harm: a function's body may hold such a line. */
const ROLES = [
  `^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .* (?:TO|FROM) ${LIST}(?: WITH GRANT OPTION)?;$`,
  `^CREATE USER MAPPING FOR ${LIST} SERVER `,
  `^CREATE POLICY .* TO ${LIST}(?:;$| USING | WITH CHECK )`,
].map((pattern) => new RegExp(pattern));
/** As it is, without quotes. */
const OWNER = /^-- .*; Type: .*; Owner: (.+)$/;
const TABLESPACE = new RegExp(`^SET default_tablespace = ${LIST};$`);
/** Words that stand for somebody, or nobody. */
const KEYWORDS = new Set([
  '',
  '-',
  'public',
  'PUBLIC',
  'current_user',
  'CURRENT_USER',
  'session_user',
  'SESSION_USER',
]);

/**
 * Reads what the definitions of a backup name: owners of everything, whom grants, policies, default privileges and user
 * mappings are for, and tablespaces. Its manifest may say less, and a file that others made says nothing.
 */
export async function wantsOf(here: Host, reader: Reader | undefined, backup: Backup): Promise<Wants> {
  const roles = new Set(backup.manifest?.roles);
  const tablespaces = new Set(backup.manifest?.tablespaces);
  let subscriptions = false;
  const binary = backup.kind === 'custom' || backup.kind === 'directory';
  const look: PipeOptions = {
    env: { LC_ALL: 'C' },
    maxOutput: 4096,
    onLine: (line, from) => {
      if (from !== 'stdout') return;
      if (line.startsWith('CREATE SUBSCRIPTION ')) subscriptions = true;
      for (const pattern of [...OWNERS, ...ROLES])
        for (const name of namesIn(pattern.exec(line)?.[1])) roles.add(name);
      const owner = OWNER.exec(line)?.[1];
      if (owner !== undefined && !KEYWORDS.has(owner)) roles.add(owner);
      for (const name of namesIn(TABLESPACE.exec(line)?.[1])) tablespaces.add(name);
    },
  };
  // that it cannot be read is found by what follows, and said there
  if (binary && reader !== undefined)
    await withOutline(reader, { kind: backup.kind, path: backup.archive }, (path) =>
      reader.host.run(reader.path('pg_restore'), ['-s', '-f', '-', path], look),
    );
  else await here.pipe([...unpack(backup), { command: 'sed', args: ['-n', OUTLINE] }], look);
  const own = (name: string) => !name.startsWith('pg_');
  return { roles: [...roles].filter(own), tablespaces: [...tablespaces].filter(own), subscriptions };
}

/** The roles that a text backup makes owners of something; undefined where no program unpacks it here. */
export async function ownersIn(
  host: Host,
  backup: Pick<Backup, 'kind' | 'archive'>,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const owners = new Set<string>();
  const reading = host.pipe([...unpack(backup), { command: 'sed', args: ['-n', OUTLINE] }], {
    env: { LC_ALL: 'C' },
    signal,
    maxOutput: 4096,
    onLine: (line, from) => {
      if (from !== 'stdout') return;
      for (const pattern of OWNERS) for (const name of namesIn(pattern.exec(line)?.[1])) owners.add(name);
    },
  });
  const result = await reading.catch((error: unknown) => {
    if (error instanceof CommandError && error.kind === 'missing') return undefined;
    throw error;
  });
  return result?.exitCode === 0 ? owners : undefined;
}

function namesIn(list: string | undefined): string[] {
  const words = list?.match(new RegExp(WORD, 'g')) ?? [];
  return words
    .filter((word) => !KEYWORDS.has(word))
    .map((word) => (word.startsWith("'") ? word.slice(1, -1).replaceAll("''", "'") : unquoted(word)))
    .filter((name) => name !== '');
}
