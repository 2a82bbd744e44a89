import { DbError } from '../../../db/errors.ts';
import { OpError, sentenceOf } from '../../error.ts';
import { diffSchemas, type SchemaDifference } from '../../schema/diff.ts';
import type { SchemaSnapshot } from '../../schema/format.ts';
import type { RehearsalOutcome } from './result.ts';
import { forgets, sentences } from './sentences.ts';

/** What a way down, and the way up once more, come to. */
export interface Verdict {
  readonly outcome: RehearsalOutcome;
  readonly message: string;
  readonly forgotten: readonly SchemaDifference[];
  /** What failed. */
  readonly error?: unknown;
}

/** The ways as they are tried, and how what they have made is seen. Each gives its error. */
export interface Trial {
  down(): Promise<unknown>;
  up(): Promise<unknown>;
  snapshot(): Promise<SchemaSnapshot>;
}

/** Goes down and up again. `before` and `after`: the schema around the first way up. */
export async function verdictOf(
  before: SchemaSnapshot,
  after: SchemaSnapshot,
  { down, up, snapshot }: Trial,
): Promise<Verdict> {
  const failed = await down();
  if (failed !== undefined)
    return {
      outcome: 'down_failed',
      message: `Its way down fails: ${sentenceOf(failed)}`,
      forgotten: [],
      error: failed,
    };
  const forgotten = diffSchemas(before, await snapshot());
  if (forgotten.length > 0)
    return {
      outcome: 'forgets',
      message: `Its way down forgets something. ${sentences(forgotten, forgets)}`,
      forgotten,
    };
  const error = await up();
  if (error !== undefined)
    return {
      outcome: 'not_repeatable',
      message: `After its way down it cannot be applied again: ${sentenceOf(error)}`,
      forgotten: [],
      error,
    };
  const otherwise = diffSchemas(after, await snapshot());
  if (otherwise.length > 0) {
    const what = sentences(otherwise, ({ object, path }) => `The ${object} ${path} differs.`);
    return {
      outcome: 'not_repeatable',
      message: `Applied again it makes something else. ${what}`,
      forgotten: otherwise,
    };
  }
  return { outcome: 'reversible', message: '', forgotten: [] };
}

/**
 * Whether it may have failed because down and up were one transaction: a new value of an enum is used, a table has
 * events of triggers that are pending, there are more locks than the server has room for.
 */
export function ofOneTransaction({ error }: Verdict): boolean {
  const cause = error instanceof OpError ? error.cause : error;
  return cause instanceof DbError && /^(?:25|53|55)/.test(cause.code ?? '');
}
