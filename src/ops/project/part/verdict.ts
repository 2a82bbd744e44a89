import type { OpContext } from '../../engine/operation.ts';
import type { ResultTable, Step } from '../../engine/plan.ts';

/** What a run has done, for its report; `more` is shown below it. */
export type Report = { what: string; outcome: string; more?: ResultTable }[];

/** Judges the database when everything is in place. Where that cannot be done nothing is taken back. */
export function healthStep(context: OpContext, database: string, report: Report): Step {
  return {
    id: 'health',
    title: `See how healthy ${database} is`,
    preview: `pgdeck health -d ${database}`,
    late: true,
    run: async (io) => {
      const within = context.to(database, io.run);
      try {
        if (within.verdict === undefined) {
          io.line('Nobody here can judge it: pgdeck health does.');
          return;
        }
        const { status, score, findings, unknown } = await within.verdict(io.signal);
        const told = score === null ? status : `${status}, score ${score} of 100`;
        // what is wrong with a server is not the fault of what was done: it is told, and fails nothing
        io.line(`${told}; ${unknown} checks have no answer.`, status === 'unhealthy' ? 'stderr' : 'note');
        const more: ResultTable = {
          title: 'Findings',
          columns: ['severity', 'finding', 'what mends it'],
          rows: findings.map((one) => [one.severity, `${one.id}: ${one.title}`, one.fix]),
        };
        report.push({ what: 'Health', outcome: told, ...(findings.length > 0 && { more }) });
      } finally {
        await within.close();
      }
    },
  };
}

/** The last step: what was done, as a table, and below it what there is to be said of it. */
export function reportStep(report: Report, title: string): Step {
  return {
    id: 'report',
    title: 'Report',
    preview: '# what was done, as a table',
    late: true,
    run: async (io) => {
      io.result({
        title,
        columns: ['what', 'outcome'],
        rows: report.map(({ what, outcome }) => [what, outcome]),
      });
      for (const { more } of report) if (more !== undefined) io.result(more);
    },
  };
}
