import { Model, marked } from '../../app/core/model.ts';
import { HEADER_POLLS } from '../../app/core/polls.ts';
import { notRead, statusPart } from '../../app/core/view.ts';
import { hitText } from '../../app/views/database.ts';
import { overviewScreen } from '../../app/views/overview.ts';
import { shownRowsOf } from '../../app/views/select.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { cacheLevel, connectionsLevel } from '../../health/level.ts';
import { Reading } from '../../monitor/reading.ts';
import { DEFAULT_WANTS } from '../../monitor/wants.ts';
import { cleanLine } from '../../text/clean.ts';
import { lineText } from '../../text/line.ts';
import { bytes, count } from '../../text/units.ts';
import { EXIT, print } from '../output.ts';
import { interruptible } from './interruptible.ts';
import { leftOut, printRows, printVerdict } from './run.ts';

const ROWS = 10;
/** Rates need two samples. */
const BETWEEN_SECONDS = 1.1;

/** One overview as text: the header's figures and the four panes. Returns the exit code. Throws DbError. */
export async function printOverview({
  resolved,
  ascii,
}: {
  resolved: Resolved;
  ascii: boolean;
}): Promise<number> {
  const session = await withPassword(resolved.passwords, () =>
    connect(resolved.target, 'slow', 'pgdeck-monitor'),
  );
  try {
    const reading = new Reading(session, {
      ...DEFAULT_WANTS,
      idleSeconds: resolved.thresholds.idle_session_seconds,
      activityLimit: ROWS * 3,
      tableLimit: ROWS,
    });
    const model = new Model(reading, resolved.thresholds);
    await reading.read(HEADER_POLLS);
    model.observe();
    await interruptible().after(BETWEEN_SECONDS);
    await reading.read([...HEADER_POLLS, ...overviewScreen.panes.flatMap(({ polls }) => polls)]);
    model.observe();
    printHeader(resolved, model);
    for (const view of overviewScreen.panes) printVerdict(view, model, ascii);
    for (const view of overviewScreen.panes) {
      const all = shownRowsOf(view, model);
      const rows = all.slice(0, ROWS);
      const headline = lineText(view.headline?.(model, rows) ?? []).trim();
      print(`\n${view.title}${headline === '' ? '' : `: ${cleanLine(headline)}`}`);
      const part = statusPart(view, model);
      if (part.status === 'ok' && rows.length > 0) {
        await printRows(view, rows, model, { ascii });
        const more = all.length - rows.length + notRead(view, model);
        if (more > 0) print(leftOut(view, more));
      } else if (part.status === 'ok' || part.status === 'waiting') print(view.empty);
      else print(cleanLine(`${part.reason ?? 'not known'} ${part.remedy ?? ''}`));
    }
    return EXIT.done;
  } finally {
    await session.close();
  }
}

function printHeader(resolved: Resolved, model: Model): void {
  const { server, thresholds } = model;
  const { total } = model.vitals;
  const summary = model.rows(summaryPoll)[0];
  const role = server?.standby ? 'standby' : 'primary';
  print(`${place(resolved.target)}  PostgreSQL ${server?.version}, ${role}`);
  print(
    [
      `connections ${marked(connectionsLevel(summary, thresholds), `${summary?.clients ?? '-'}/${summary?.max_connections ?? '-'}`)}`,
      `transactions/s ${count(model.vitals.total.tps)}`,
      `cache hit ${marked(cacheLevel(total.hitRatio, total.msPerRead, thresholds), hitText(total))}`,
      `WAL ${bytes(model.vitals.walBytesPerSecond)}/s`,
    ].join('  '),
  );
}
