import { summaryPoll } from '../../db/queries/activity.ts';
import { count, percent } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { graded } from '../grade.ts';

/** Connections that are left for those who are no superusers. */
export const connections = defineCheck({
  id: 'connections',
  title: 'Connections in use',
  category: 'connections',
  fix: 'fewer sessions, a pool',
  reads: [summaryPoll],
  // every role may count them
  open: true,
  judge: (facts) => {
    const [summary] = facts.figures.rows(summaryPoll);
    if (summary === undefined) return {};
    const { clients, max_connections, reserved_connections, idle, idle_in_transaction } = summary;
    const usable = max_connections - reserved_connections;
    const { measure, found } = graded('connections_percent', (100 * clients) / usable, facts.thresholds);
    if (found === undefined) return { measure };
    const doing =
      idle === null ? '' : `, ${count(idle)} idle and ${count(idle_in_transaction)} idle in transaction`;
    return {
      measure,
      findings: [
        {
          ...found,
          title: `${count(clients)} of ${count(usable)} connections are in use (${percent(clients / usable)}).`,
          evidence: `Counted now${doing}; max_connections is ${max_connections}, ${reserved_connections} of them reserved.`,
          why: 'Once all are taken, every new connection is refused.',
          remedy: {
            advice:
              'End sessions that have been idle for long (pgdeck terminate --idle-longer-than), make the pools of the applications smaller or put PgBouncer in front; a larger max_connections takes a restart.',
          },
          ...(found.severity === 'critical' && { cap: 40 }),
        },
      ],
    };
  },
});
