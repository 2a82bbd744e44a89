import type { OperationEntry } from './engine/operation.ts';
import { BACKUPS } from './registry/backups.ts';
import { FINDINGS } from './registry/findings.ts';
import { MAINTENANCE } from './registry/maintenance.ts';
import { RUNS } from './registry/runs.ts';
import { SERVER } from './registry/server.ts';
import { SESSIONS } from './registry/sessions.ts';
import { STRUCTURE } from './registry/structure.ts';

/** Every operation. Adding one is a folder beside this file and an entry in the list of its kind. */
export const OPERATIONS: readonly OperationEntry[] = [
  ...SESSIONS,
  ...BACKUPS,
  ...FINDINGS,
  ...MAINTENANCE,
  ...STRUCTURE,
  ...SERVER,
  ...RUNS,
];

/** The entry of an id; undefined when there is none. */
export function entryOf(id: string): OperationEntry | undefined {
  return OPERATIONS.find((entry) => entry.id === id);
}
