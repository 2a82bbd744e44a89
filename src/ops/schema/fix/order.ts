import { compare } from '../format.ts';
import { keyOfName, namesIn } from './names.ts';
import { type Addition, PHASES } from './statement.ts';

/**
 * The additions, each once, in an order in which each finds what it needs: by their phases, but behind what their text
 * mentions. Of two that need each other the one whose phase is earlier comes first.
 */
export function inOrder(additions: readonly Addition[]): Addition[] {
  return ordered(additions).additions;
}

/** The same, and whether some need each other in a circle: those may have to be tried again. */
export function ordered(additions: readonly Addition[]): {
  readonly additions: Addition[];
  readonly circle: boolean;
} {
  let circle = false;
  const all = once(additions);
  const waits = waitsOf(all);
  const rank = new Map(all.map((one, at) => [one, PHASES.indexOf(one.phase) * 1e6 + at]));
  const left = all.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
  const done = new Set<Addition>();
  const inTurn: Addition[] = [];
  while (left.length > 0) {
    const ready = left.findIndex((one) => [...(waits.get(one) ?? [])].every((other) => done.has(other)));
    circle ||= ready < 0;
    const [next] = left.splice(Math.max(ready, 0), 1);
    if (next === undefined) break;
    done.add(next);
    inTurn.push(next);
  }
  return { additions: inTurn, circle };
}

/** Sorted by what they are about; what two objects need is done once. */
function once(additions: readonly Addition[]): Addition[] {
  const seen = new Map<string, Addition>();
  for (const one of additions) {
    const key = one.statements.map(({ sql }) => sql).join(';\n');
    if (!seen.has(key)) seen.set(key, one);
  }
  const place = ({ subject }: Addition) => keyOfName(subject.name);
  return [...seen.values()].sort((a, b) => compare(place(a), place(b)));
}

/** What each has to come behind. */
function waitsOf(all: readonly Addition[]): Map<Addition, Set<Addition>> {
  const makers = Map.groupBy(all, ({ subject }) => keyOfName(subject.name));
  const schemas = new Map(
    all.filter(({ subject }) => subject.kind === 'schema').map((one) => [one.subject.name[0], one]),
  );
  const waits = new Map<Addition, Set<Addition>>();
  for (const one of all) {
    const behind = new Set<Addition>();
    const own = makers.get(keyOfName(one.subject.name)) ?? [];
    // the steps of one object, in the order in which they were thought of
    for (const other of own.slice(0, own.indexOf(one))) behind.add(other);
    for (const name of namesIn(one.statements.map(({ sql }) => needs(sql)).join('\n'))) {
      const made = makers.get(name)?.filter((other) => !own.includes(other)) ?? [];
      for (const other of made) if (makesIt(other)) behind.add(other);
    }
    for (const name of one.after ?? [])
      for (const other of makers.get(keyOfName(name)) ?? []) behind.add(other);
    const schema = schemas.get(one.subject.name[0]);
    if (schema !== undefined && schema !== one) behind.add(schema);
    waits.set(one, behind);
  }
  return waits;
}

/** Others wait for the object itself, not for what is said of it later. */
function makesIt({ statements, subject }: Addition): boolean {
  const [first] = statements;
  return first !== undefined && (/^CREATE /.test(first.sql) || subject.kind === 'column');
}

/** The body of a function is not looked at when it is made, unless it is kept parsed. */
function needs(sql: string): string {
  if (!/^CREATE (FUNCTION|PROCEDURE) /.test(sql)) return sql;
  const body = /\bAS \$(\w*)\$/.exec(sql);
  return body === null ? sql : sql.slice(0, body.index);
}
