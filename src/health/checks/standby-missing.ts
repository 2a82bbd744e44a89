import { hiddenSessions } from '../../db/queries/fragments.ts';
import { sendersPoll, standbyPoll } from '../../db/queries/replication.ts';
import { type Server, settingsPlace } from '../../db/server.ts';
import { plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';

/** Whether the standbys are there that commits wait for. */
export const standbyMissing = defineCheck({
  id: 'standby_missing',
  title: 'Synchronous standbys',
  category: 'replication',
  fix: 'the standby',
  reads: [sendersPoll, standbyPoll],
  // that nobody receives is seen by every role
  open: true,
  judge: ({ figures, server }) => {
    const names = figures.rows(standbyPoll)[0]?.synchronous_standby_names ?? '';
    const needed = neededBy(names);
    if (needed === 0) return { because: 'commits wait for no standby' };
    const senders = figures.rows(sendersPoll);
    const hidden = hiddenSessions(server);
    if (hidden && senders.length > 0) return { unknown: hidden };
    const there = senders.filter(({ sync_state }) => sync_state === 'sync' || sync_state === 'quorum').length;
    if (there >= needed) return {};
    const found =
      there === 0
        ? 'No synchronous standby is'
        : `Only ${plural(there, 'synchronous standby', 'synchronous standbys')} ${there === 1 ? 'is' : 'are'}`;
    return {
      findings: [
        {
          severity: 'critical',
          title: `${found} connected, and commits wait for ${needed}.`,
          value: there,
          threshold: needed,
          evidence: `synchronous_standby_names is ${names}; ${plural(senders.length, 'receiver')} of WAL in pg_stat_replication now.`,
          why: 'Every commit hangs until one connects, unless its synchronous_commit is local or off.',
          remedy: {
            advice: `Get the standby running again; to go on without it, ${emptied(server)}: commits that wait go on, and are on this server alone.`,
          },
          cap: 60,
        },
      ],
    };
  },
});

function emptied(server: Server): string {
  const where = settingsPlace(server);
  return where === undefined
    ? "empty synchronous_standby_names and reload (ALTER SYSTEM SET synchronous_standby_names = '', SELECT pg_reload_conf())"
    : `empty synchronous_standby_names ${where} and reload`;
}

/** `FIRST 2 (a, b)`, `ANY 2 (a, b)`, `2 (a, b)`; names alone ask for one of them. */
function neededBy(names: string): number {
  if (names.trim() === '') return 0;
  return Number(/^\s*(?:FIRST\s+|ANY\s+)?(\d+)\s*\(/i.exec(names)?.[1] ?? 1);
}
