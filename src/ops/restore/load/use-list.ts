import type { Server } from '../../../db/server.ts';
import type { Toc, TocEntry } from '../../archive/toc.ts';

/** Which entries of an archive are loaded. */
export interface UseList {
  readonly kept: readonly TocEntry[];
  /** What is left out, and why: for the plan. */
  readonly left: readonly { readonly entry: TocEntry; readonly why: string }[];
}

/** Only a superuser can create them, or owns what they are about. */
const SUPERUSER_ONLY: Readonly<Record<string, string>> = {
  'EVENT TRIGGER': 'only a superuser creates event triggers',
  PUBLICATION: 'its tables must belong to the role that publishes them',
  'PUBLICATION TABLE': 'its publication is left out',
  'PUBLICATION TABLES IN SCHEMA': 'its publication is left out',
  SUBSCRIPTION: 'it would connect to another server',
};

/**
 * Decides beforehand what a role without a superuser's rights can load, so that the load itself may stop at the first
 * error: there are no errors that are ignored. `listed` are the entries that can be restored at all.
 */
export function selectEntries(
  toc: Toc,
  server: Pick<Server, 'rights'>,
  listed?: ReadonlySet<number>,
): UseList {
  const kept: TocEntry[] = [];
  const left: { entry: TocEntry; why: string }[] = [];
  for (const entry of toc.entries) {
    const why =
      listed?.has(entry.dumpId) === false
        ? 'it needs rows that are not in the backup'
        : server.rights.superuser
          ? undefined
          : leftOut(entry);
    if (why === undefined) kept.push(entry);
    else left.push({ entry, why });
  }
  return { kept, left };
}

function leftOut({ type, line }: TocEntry): string | undefined {
  if (SUPERUSER_ONLY[type] !== undefined) return SUPERUSER_ONLY[type];
  if (type !== 'COMMENT') return undefined;
  if (/ COMMENT - EXTENSION /.test(line)) return 'it belongs to a superuser';
  return / COMMENT - (EVENT TRIGGER|PUBLICATION|SUBSCRIPTION) /.test(line)
    ? 'what it is about is left out'
    : undefined;
}
