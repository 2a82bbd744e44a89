import type { Server } from '../../db/server.ts';
import { byReason } from '../../health/blind.ts';
import type { Remedy } from '../../health/finding.ts';
import type { HealthReport, ReportedFinding } from '../../health/report.ts';
import { cleanLine } from '../../text/clean.ts';
import { plural } from '../../text/units.ts';
import { type OutputColumn, print, printTable } from '../output.ts';

const CATEGORY_COLUMNS: readonly OutputColumn[] = [
  { key: 'title', title: 'CATEGORY' },
  { key: 'score', title: 'SCORE', align: 'right' },
  { key: 'weight', title: 'WEIGHT', align: 'right' },
  { key: 'severity', title: 'WORST' },
  { key: 'findings', title: 'FINDINGS', align: 'right' },
  { key: 'unknown', title: 'UNKNOWN', align: 'right' },
];

/** The verdict as text: what is wrong first, the worst on top. */
export async function printReport(
  report: HealthReport,
  server: Server,
  say: (remedy: Remedy) => string,
): Promise<void> {
  const { status, score, coverage, partial, findings, unknown, categories } = report;
  print(`${report.server}  PostgreSQL ${server.version}, ${server.standby ? 'standby' : 'primary'}`);
  // of categories without a weight it is the checks that were answered; some may say that they do not apply
  const scored = categories.some(({ weight }) => weight > 0);
  const told = score === null ? 'no score' : `score ${score} of 100`;
  print(
    `${status}: ${scored ? `${told}, ${coverage} % of it measured` : `not scored, ${coverage} % of the checks have an answer`}${partial ? ' (partial: too little to call it healthy)' : ''}`,
  );
  for (const finding of findings) printFinding(finding, say);
  if (unknown.length > 0) print('\nNot known:');
  for (const { checks, reason, remedy } of byReason(unknown))
    print(
      `  ${checks.map(({ check }) => check).join(', ')}: ${cleanLine(reason)}${remedy === undefined ? '' : ` To see it: ${cleanLine(remedy)}`}`,
    );
  print('');
  await printTable(categories, CATEGORY_COLUMNS);
  const waived = findings
    .filter(({ waived }) => waived !== null)
    .reduce((sum, { grouped }) => sum + (grouped?.length ?? 1), 0);
  if (waived > 0) print(`\n${plural(waived, 'finding')} waived`);
}

function printFinding(finding: ReportedFinding, say: (remedy: Remedy) => string): void {
  const { id, severity, title, why, evidence, remedy, waived, known } = finding;
  const aside = waived
    ? `  waived until ${waived.until}: ${waived.reason}`
    : known
      ? '  known: it is in the baseline'
      : '';
  const line = (text: string) => print(`  ${cleanLine(text)}`);
  print(`\n${severity.toUpperCase()}  ${cleanLine(`${id}${aside}`)}`);
  line(title);
  line(why);
  line(evidence);
  line(`Fix: ${say(remedy)}`);
  if ('cost' in remedy) line(`Cost: ${remedy.cost}`);
}
