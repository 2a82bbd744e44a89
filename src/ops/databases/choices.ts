import { databaseList } from '../../db/queries/database/facts.ts';
import { plural } from '../../text/units.ts';
import { isMaintenance, planningSession } from '../database/maintenance.ts';
import { readMarker } from '../database/markers.ts';
import type { FieldChoice, OpContext } from '../engine/operation.ts';

/** The databases that people have made. */
export async function databaseChoices(context: OpContext): Promise<readonly FieldChoice[]> {
  const rows = await (await planningSession(context)).run(databaseList, undefined);
  return rows
    .filter(
      ({ name, is_template, comment }) =>
        !isMaintenance(name) && !is_template && readMarker(comment) === undefined,
    )
    .map(({ name, sessions }) => ({
      value: name,
      hint: sessions === 0 ? 'nobody in it' : plural(sessions, 'session'),
    }));
}
