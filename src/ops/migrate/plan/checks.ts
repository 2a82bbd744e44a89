import type { Server } from '../../../db/server.ts';
import type { Check } from '../../engine/plan.ts';
import { migrateErrors } from '../errors.ts';
import { HAZARDS } from '../sql/lint/rule.ts';
import type { Hazard, Problem } from '../types.ts';

/** Behind a pooler neither the lock nor a setting belongs to one session; a standby takes no changes. */
export function connectionCheck({ pooled, standby }: Server): Check {
  const title = 'Connection';
  if (standby) return { title, status: 'block', detail: 'This server is a standby. Connect to its primary.' };
  if (pooled)
    return {
      title,
      status: 'block',
      detail:
        'A pooler is in between: the migration lock, lock_timeout and SET would belong to other sessions. ' +
        'Connect to the server itself, with its own host and port.',
    };
  return {
    title,
    status: 'ok',
    detail: 'Direct: the lock and the settings belong to the session that works.',
  };
}

/**
 * Every hazard that is asked about, with what has to be acknowledged. One that does not occur may be named: scripts name
 * the same ones each time. Throws {@link OpError} for a name that is none.
 */
export function hazardChecks(hazards: readonly Hazard[], acknowledged: readonly string[]): Check[] {
  const names = new Set<string>([...HAZARDS, ...hazards.map(({ name }) => name)]);
  const strange = acknowledged.filter((name) => !names.has(name));
  if (strange.length > 0) throw migrateErrors.noHazard({ names: strange, known: [...names] });
  return hazards
    .filter(({ own }) => !own)
    .map(({ name, version, message }) => {
      const known = acknowledged.includes(name);
      return {
        title: name,
        status: known ? 'warn' : 'block',
        detail: `${version}: ${sentence(message)}`,
        ...(!known && { answer: { field: 'acknowledge', value: name } }),
      };
    });
}

/** What has not been looked through may do anything: that is said, and whether there is a way back. */
export function unreadCheck(what: string, backedUp: boolean): Check {
  return {
    title: 'Hazards',
    status: 'warn',
    detail: `Not known of ${what}: its SQL is seen only when it runs. ${backedUp ? 'A backup is made before, as where data is lost.' : 'No backup is made before.'}`,
  };
}

/** What is not as it should be, and does not stop this. */
export function problemChecks(problems: readonly Problem[]): Check[] {
  return problems
    .filter(({ kind }) => kind !== 'out_of_order')
    .map(({ kind, message }) => ({ title: kind.replaceAll('_', ' '), status: 'warn', detail: message }));
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
