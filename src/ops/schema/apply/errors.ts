import { count } from '../../../text/units.ts';
import { defineErrors, failed, refused } from '../../error.ts';

export const fixErrors = defineErrors('schema.fix', {
  unknownIssues: ({ ids }: { ids: readonly string[] }) =>
    refused(
      `There is no such issue: ${ids.join(', ')}.`,
      'See them, with their ids, with: pgdeck schema check --json',
    ),
  notFixable: ({ ids }: { ids: readonly string[] }) =>
    refused(
      `${ids.join(', ')} cannot be mended by adding something.`,
      'See what a person can do, with: pgdeck schema check',
    ),
  changed: ({ database, now, planned }: { database: string; now: string; planned: string }) =>
    refused(
      `The structure of ${database} has changed since it was planned (${planned}, now ${now}). Nothing was done.`,
      'Plan it again: pgdeck schema fix',
    ),
  /** `query` lists them; `next`: what removes them, where pgdeck does. */
  forbidden: ({ rows, why, query, next }: { rows: number; why: string; query: string; next?: string }) =>
    failed(
      `${count(rows)} ${rows === 1 ? 'row forbids' : 'rows forbid'} it: ${why}. See them with: ${query}`,
      next,
    ),
  before: () => failed('What it needs was not made before.'),
  refusedBy: ({ why, owner, hint }: { why: string; owner: string | undefined; hint: string | undefined }) =>
    failed(
      why,
      owner === undefined
        ? hint
        : `${owner}, who owns it, or a superuser may do that. ${hint ?? ''}`.trimEnd(),
    ),
  rehearsed: ({ failures }: { failures: readonly string[] }) =>
    failed(
      `It fails in the shadow database: ${failures.join('\n')}`,
      'Nothing was changed. Leave --rehearse out to do what can be done, or choose with --only.',
    ),
  /** `against`: as it was given, quoted. */
  remains: ({ issues, fixable, against }: { issues: readonly string[]; fixable: number; against: string }) =>
    failed(
      `${count(issues.length)} ${issues.length === 1 ? 'issue remains' : 'issues remain'}: ${named(issues)}.`,
      fixable > 0
        ? `To try again: pgdeck schema fix --against ${against}`
        : `What a person can do is shown by: pgdeck schema fix --against ${against} --plan`,
    ),
});

/** Ids that are named; more are counted. */
const NAMED = 5;

function named(ids: readonly string[]): string {
  const more = ids.length - NAMED;
  return `${ids.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
