import { z } from 'zod';
import type { KeptRow } from '../../db/queries/database/kept.ts';
import { plural } from '../../text/units.ts';
import { type MarkerKind, readMarker } from '../database/markers.ts';
import { isDerivedName } from '../database/names.ts';
import type { Run } from '../engine/journal/runs.ts';

/** A database that a restore has made under a name that somebody chose, as its run has recorded it. */
export interface Copy {
  readonly run: string;
  readonly database: string;
  readonly oid: number;
  /** The database that was backed up; null where the dump did not say. */
  readonly of: string | null;
}

const copySchema = z.object({ database: z.string(), oid: z.int(), of: z.string().nullable() });

/** What a restore into a new database records: whose OID it is tells it from another one of that name. */
export type CopyFacts = z.output<typeof copySchema>;

/** The copy that a run has made; undefined when it made none. */
export function copyOf({ id, facts }: Pick<Run, 'id' | 'facts'>): Copy | undefined {
  const parsed = copySchema.safeParse(facts.copy);
  return parsed.success ? { run: id, ...parsed.data } : undefined;
}

export type KeptKind = MarkerKind | 'copy';

/** A database that pgdeck has made, and that nobody but pgdeck and its user knows of. */
export interface Kept {
  readonly name: string;
  readonly oid: number;
  readonly kind: KeptKind;
  /** The database it belongs to. */
  readonly of: string | null;
  /** The run that made it. */
  readonly run: string;
  /** When that was, ms since 1970; null where the run's name does not say. */
  readonly madeAt: number | null;
  readonly row: KeptRow;
}

export const KIND_WORDS: Readonly<Record<KeptKind, string>> = {
  before: 'before a restore or a reset',
  rolledback: 'rolled back',
  copy: 'restored copy',
  restoring: 'being restored',
  verifying: 'test restore',
  rehearsing: 'shadow database',
};

/**
 * Which of the databases pgdeck has made: by the mark and the name that it gives, or by what the journal has of the
 * database of that name and OID. One that somebody has renamed is somebody's own.
 */
export function keptOf(rows: readonly KeptRow[], copies: readonly Copy[]): Kept[] {
  return rows.flatMap((row): Kept[] => {
    const { name, oid } = row;
    const marker = readMarker(row.comment);
    if (marker !== undefined && isDerivedName(name) && marker.target !== name) {
      const { pgdeck: kind, target: of, run } = marker;
      return [{ name, oid, kind, of, run, madeAt: timeOf(run), row }];
    }
    const copy = copies.find((one) => one.oid === oid && one.database === name);
    return copy === undefined
      ? []
      : [{ name, oid, kind: 'copy', of: copy.of, run: copy.run, madeAt: timeOf(copy.run), row }];
  });
}

/** `2 sessions, 1 slot`; empty where nothing does. */
export function usedBy({ sessions, slots, subscriptions, prepared }: KeptRow): string {
  return [
    [sessions, 'session'] as const,
    [slots, 'replication slot'] as const,
    [subscriptions, 'subscription'] as const,
    [prepared, 'prepared transaction'] as const,
  ]
    .flatMap(([n, noun]) => (n === 0 ? [] : [plural(n, noun)]))
    .join(', ');
}

/** The name of a run begins with its time, in UTC. */
function timeOf(run: string): number | null {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?:-|$)/.exec(run) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? null : at;
}
