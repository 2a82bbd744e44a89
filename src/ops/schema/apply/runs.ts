import type { Session } from '../../../db/session.ts';
import type { Check } from '../../engine/plan.ts';
import { keyOfName, namesIn } from '../fix/names.ts';
import type { Addition } from '../fix/statement.ts';
import { shownName } from './shared.ts';

const ROUTINES: ReadonlySet<string> = new Set(['function', 'procedure', 'aggregate']);
/** What calls what is in it when it is used, and does nothing by itself. */
const CARRIERS: ReadonlySet<string> = new Set(['view', 'domain', 'domain constraint']);
/** Statements in which expressions are worked out for rows that are there. */
const WORKS_OUT =
  /^CREATE MATERIALIZED VIEW |^ALTER TABLE .* (ADD (COLUMN|CONSTRAINT)|ATTACH PARTITION) |^ALTER DOMAIN .* ADD CONSTRAINT |^CREATE (UNIQUE )?INDEX /s;

/**
 * Functions that come with the expected structure and are run while it is added, or would be run for others with the
 * rights of whoever adds them: somebody should have read them before.
 */
export function runChecks(session: Session, additions: readonly Addition[]): Check[] {
  const warn = (one: Addition, detail: string): Check => ({
    title: shownName(one),
    status: 'warn',
    detail,
  });
  const { user } = session.server;
  const from = callers(additions);
  return additions.flatMap((one) => {
    const { kind } = one.subject;
    const [first] = one.statements;
    if (first === undefined) return [];
    if (ROUTINES.has(kind))
      return / SECURITY DEFINER\b/.test(headOf(first.sql)) && first.sql.startsWith('CREATE ')
        ? [
            warn(
              one,
              `It is SECURITY DEFINER: who may call it has the rights of ${user} in it. Read it first.`,
            ),
          ]
        : [];
    const called = mentioned(one, from);
    if (called.length === 0) return [];
    const names = called.slice(0, 3).join(', ');
    const more = called.length > 3 ? ` and ${called.length - 3} more` : '';
    if (first.sql.startsWith('CREATE EVENT TRIGGER '))
      return [
        warn(
          one,
          `From then on ${names}${more} is run, with the rights of whoever changes the structure. Read it first.`,
        ),
      ];
    return one.statements.some(({ sql }) => WORKS_OUT.test(sql))
      ? [
          warn(
            one,
            `${names}${more} of the expected structure is run for it, with the rights of ${user}. Read it first.`,
          ),
        ]
      : [];
  });
}

/** By name, the functions that are made, and what calls one of them when it is used: shown as the function. */
function callers(additions: readonly Addition[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const one of additions)
    if (ROUTINES.has(one.subject.kind)) found.set(keyOfName(one.subject.name), `${shownName(one)}()`);
  // a view of a view of a function
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const one of additions) {
      const key = keyOfName(one.subject.name.slice(0, 2));
      const [called] = CARRIERS.has(one.subject.kind) && !found.has(key) ? mentioned(one, found) : [];
      if (called !== undefined) found.set(key, called);
    }
  }
  return found;
}

function mentioned({ statements }: Addition, from: ReadonlyMap<string, string>): string[] {
  const names = namesIn(statements.map(({ sql }) => sql).join('\n'));
  return [...new Set([...names].flatMap((name) => from.get(name) ?? []))];
}

/** Of a function what stands before its body. */
function headOf(sql: string): string {
  const body = /\bAS (\$\w*\$|'|E')/.exec(sql);
  return body === null ? sql : sql.slice(0, body.index);
}
