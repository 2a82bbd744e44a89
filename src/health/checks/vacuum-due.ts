import { displayName } from '../../db/ident.ts';
import { type HorizonRow, horizonPoll, isOfDatabase } from '../../db/queries/horizon.ts';
import { autovacuumPoll, type DueTable, maintainDuePoll } from '../../db/queries/maintain/due.ts';
import { count, duration, roughly } from '../../text/units.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found, Remedy } from '../finding.ts';
import { graded } from '../grade.ts';
import { deadRatio, levelOf } from '../level.ts';
import { countedSince, isFresh, lostCounters, maintain, uncounted, worstOf } from '../tables.ts';

/** Dead rows against what autovacuum waits for, by its own arithmetic, also where it is switched off. */
export const vacuumDue = defineCheck({
  id: 'vacuum_due',
  title: 'Vacuum due',
  category: 'vacuum',
  fix: '`vacuum`',
  reads: [maintainDuePoll, autovacuumPoll],
  also: [horizonPoll],
  judge: (facts) => {
    const without = uncounted(facts);
    if (without) return without;
    const tables = facts.figures.rows(maintainDuePoll);
    const holder = holderOf(facts);
    const full = tables.filter(
      (table) =>
        table.dirty && (!isFresh(table.vacuum_age_seconds, facts) || wasInVain(table, holder, facts)),
    );
    const { measure } = graded('dead_ratio', Math.max(0, ...full.map(deadRatio)), facts.thresholds);
    const unknown = lostCounters(tables);
    const worst = worstOf(tables.filter(({ dirty }) => dirty).length, tables[0]?.dirty_tables ?? 0);
    return {
      measure,
      findings: full.flatMap((table) => findingOf(table, holder, facts, worst)),
      ...(unknown && { unknown }),
    };
  },
});

function findingOf(table: DueTable, holder: HorizonRow | undefined, facts: Facts, worst: string): Found[] {
  const { found } = graded('dead_ratio', deadRatio(table), facts.thresholds);
  if (found === undefined) return [];
  const object = displayName(table.schema, table.name);
  const who = holder && nameOf(holder);
  const inVain = wasInVain(table, holder, facts);
  const { vacuum_age_seconds: age } = table;
  const last = age === null ? 'never vacuumed' : `last vacuumed ${duration(age)} ago`;
  return [
    {
      object,
      ...found,
      // who is called at night can do no more than that
      ...(table.vacuuming && found.severity !== 'warning' && { severity: 'warning' }),
      title: `${object} has ${roughly(table.dead, 'dead row')}, ${found.value.toFixed(1)} times what autovacuum allows (${count(table.vacuum_at)})${inVain ? ', and VACUUM cannot remove them' : ''}.`,
      evidence: `${countedSince(facts)}; ${last}; ${doing(table, facts)}.${who ? ` The ${who} still sees rows that died in the last ${roughly(holder.xids ?? 0, 'transaction')}.` : ''}${worst}`,
      why: 'Every scan reads the dead rows too, and the table grows where it could use their space again.',
      remedy: remedyOf(table, inVain ? who : undefined),
    },
  ];
}

function remedyOf(table: DueTable, holder: string | undefined): Remedy {
  if (holder !== undefined)
    return { advice: `VACUUM removes none of these rows while the ${holder} is there: end it, then vacuum.` };
  if (table.vacuuming) return { advice: 'Wait: it is being vacuumed now, as Progress shows.' };
  return maintain(
    'vacuum',
    table,
    'Reads and writes go on; the table and its indexes are read, and the disk is busy.',
  );
}

/** What autovacuum does about it. */
function doing({ vacuuming, enabled }: DueTable, facts: Facts): string {
  if (vacuuming) return 'it is being vacuumed now';
  if (facts.figures.rows(autovacuumPoll)[0]?.autovacuum === false) return 'autovacuum is off on this server';
  return enabled ? 'autovacuum has not come to it yet' : 'autovacuum is switched off for it';
}

/** Who keeps rows of this database from being removed, for longer than a query should take. */
function holderOf({ figures, server, thresholds }: Facts): HorizonRow | undefined {
  return figures
    .rows(horizonPoll)
    .find(
      (one) =>
        isOfDatabase(one, server.database) &&
        (one.xids ?? 0) > 0 &&
        levelOf('long_query_seconds', one.seconds ?? Number.POSITIVE_INFINITY, thresholds) !== 'normal',
    );
}

/** VACUUM came after it had begun: what died since, before and after that, has to stay. */
function wasInVain(
  { vacuum_age_seconds: age }: DueTable,
  holder: HorizonRow | undefined,
  { figures }: Facts,
): boolean {
  // the two are not read at the same moment: minutes may lie between
  const later = (figures.part(horizonPoll).at - figures.part(maintainDuePoll).at) / 1000;
  const since = holder?.seconds ?? null;
  return age !== null && since !== null && age + later < since;
}

const nameOf = ({ kind, id, detail }: HorizonRow) => `${kind} ${id}${detail ? ` (${detail})` : ''}`;
