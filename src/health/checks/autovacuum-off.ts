import { displayName, quoteRelation } from '../../db/ident.ts';
import { autovacuumPoll, type DueTable, FEW_ROWS, maintainDuePoll } from '../../db/queries/maintain/due.ts';
import { type Server, setByReload } from '../../db/server.ts';
import { roughly } from '../../text/units.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found, Remedy } from '../finding.ts';
import { worstOf } from '../tables.ts';

/** Autovacuum that is switched off: for the server, or for tables. */
export const autovacuumOff = defineCheck({
  id: 'autovacuum_off',
  title: 'Autovacuum switched off',
  category: 'vacuum',
  fix: 'a setting',
  reads: [maintainDuePoll, autovacuumPoll],
  judge: (facts) => {
    if (facts.server.standby) return { because: 'a standby is vacuumed by its primary' };
    return {
      findings: [
        ...ofServer(facts),
        ...facts.figures
          .rows(maintainDuePoll)
          .filter(({ off }) => off)
          .map((table, _, all) => ofTable(table, worstOf(all.length, table.off_tables))),
      ],
    };
  },
});

function ofServer({ figures, server }: Facts): Found[] {
  const [row] = figures.rows(autovacuumPoll);
  if (row === undefined || (row.autovacuum && row.track_counts)) return [];
  const setting = row.autovacuum ? 'track_counts' : 'autovacuum';
  return [
    {
      severity: 'alert',
      title: row.autovacuum
        ? 'track_counts is off: autovacuum does not know what to do, and does nothing.'
        : 'Autovacuum is off for the whole server.',
      evidence: `The setting ${setting}, as it is now${row.by_command_line ? ', by an argument of the server’s start' : ''}.`,
      why: 'Dead rows stay, statistics get old, and only against wraparound tables are vacuumed, all at once.',
      remedy: remedyOf(setting, row.by_command_line, server),
    },
  ];
}

function remedyOf(setting: string, byCommandLine: boolean, server: Server): Remedy {
  if (byCommandLine)
    return {
      advice: `Take -c ${setting}=off from the arguments that the server is started with, and restart it.`,
    };
  const set = setByReload(server, setting, 'on');
  if ('advice' in set) return set;
  return {
    ...set,
    cost: 'Takes no lock and no restart; autovacuum then has much to do, at the pace that its settings allow.',
  };
}

/** Until the first VACUUM or ANALYZE the catalog has no number of rows: 0 of them would be no news. */
const isUncounted = ({ rows, vacuum_age_seconds, analyze_age_seconds }: DueTable) =>
  rows === 0 && vacuum_age_seconds === null && analyze_age_seconds === null;

function ofTable(table: DueTable, worst: string): Found {
  const object = displayName(table.schema, table.name);
  const both = table.enabled ? ['toast.autovacuum_enabled'] : ['autovacuum_enabled'];
  const options = !(table.enabled || table.toast_enabled) ? [...both, 'toast.autovacuum_enabled'] : both;
  const uncountedYet = isUncounted(table);
  const rows = uncountedYet ? table.mods : table.rows;
  const known = uncountedYet
    ? `never vacuumed or analysed: ${roughly(table.mods, 'change')}`
    : `about ${roughly(table.rows, 'row')}`;
  return {
    object,
    severity: rows < FEW_ROWS && table.dead < FEW_ROWS ? 'info' : 'warning',
    title: `Autovacuum is switched off for ${table.enabled ? 'the TOAST table of ' : ''}${object}.`,
    evidence: `Its storage parameter ${options.join(' and ')}; ${known} and ${roughly(table.dead, 'dead row')}.${worst}`,
    why: 'Nobody removes its dead rows or renews its statistics; only against wraparound it is vacuumed.',
    remedy: {
      sql: `ALTER TABLE ${quoteRelation(table)} RESET (${options.join(', ')})`,
      cost: 'Waits for a VACUUM or an ALTER TABLE of this table; reads and writes go on.',
    },
  };
}
