import type { Env } from '../../config/libpq/env.ts';
import type { ClientProgram } from './package.ts';

/** A directory with programs of PostgreSQL. */
export interface Installation {
  readonly directory: string;
  readonly major: number;
  /** `15.18`. */
  readonly version: string;
  /** Of those that were asked for, what is not there of this version. */
  readonly missing: readonly ClientProgram[];
}

/** What is looked for. */
export interface Wanted {
  /** Looked for in each directory; those of PATH count that hold the first one itself. */
  readonly programs: readonly ClientProgram[];
  /** The major that is best. */
  readonly major: number;
  /** Of who works with pgdeck; see {@link Host.searchPath}. */
  readonly env: Env;
  /** The only directory that is looked into. */
  readonly only: string | undefined;
}

/** From what the programs of a directory say for themselves; undefined where none is there. */
export function installation(
  directory: string,
  { programs }: Pick<Wanted, 'programs'>,
  said: ReadonlyMap<ClientProgram, string>,
): Installation | undefined {
  const numbers = new Map(
    [...said].flatMap(([program, text]) => {
      const version = /\(PostgreSQL\) (\d+[\w.]*)/.exec(text)?.[1];
      return version === undefined ? [] : [[program, version] as const];
    }),
  );
  const version = programs.map((program) => numbers.get(program)).find((one) => one !== undefined);
  if (version === undefined) return undefined;
  const missing = programs.filter((program) => numbers.get(program) !== version);
  return { directory, version, major: Number(/^\d+/.exec(version)?.[0] ?? 0), missing };
}
