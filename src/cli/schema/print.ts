import type { ReportedIssue, SchemaReport } from '../../ops/schema/check/report.ts';
import { cleanLine } from '../../text/clean.ts';
import { plural } from '../../text/units.ts';
import { type OutputColumn, print, printTable } from '../output.ts';

const COLUMNS: readonly OutputColumn[] = [
  { key: 'severity', title: 'SEVERITY' },
  { key: 'kind', title: 'WHAT' },
  { key: 'object', title: 'OBJECT' },
  { key: 'path', title: 'NAME' },
  { key: 'attribute', title: 'OF IT', show: (attribute) => String(attribute ?? '') },
];

/** Objects that are there besides are told by their names, so many at most. */
const EXTRA = 20;

/** The verdict as text: the critical ones on top. `fix`: the command that goes on. */
export async function printReport(report: SchemaReport, fix: string): Promise<void> {
  const { issues, notCompared, gone } = report;
  const line = (text: string) => print(cleanLine(text));
  line(`${report.server}  PostgreSQL ${report.server_version}, compared with ${report.against}`);
  line(`${report.status}: ${countsOf(issues)}`);
  const wrong = issues.filter(({ severity }) => severity !== 'info');
  const extra = issues.filter(({ severity }) => severity === 'info');
  if (wrong.length > 0) {
    print('');
    await printTable(wrong, COLUMNS);
  }
  for (const issue of wrong) printIssue(issue);
  if (extra.length > 0) {
    print('\nThere, and not expected:');
    for (const { object, path } of extra.slice(0, EXTRA)) print(`  ${cleanLine(`${object} ${path}`)}`);
    if (extra.length > EXTRA) print(`  and ${extra.length - EXTRA} more (--json has them all)`);
  }
  if (gone.length > 0) {
    print('\nIn the baseline, and no issue any more:');
    for (const id of gone) print(`  ${cleanLine(id)}`);
  }
  print('\nNot compared:');
  for (const { what, why } of notCompared) print(`  ${cleanLine(`${what}: ${why}`)}`);
  if (wrong.some(({ known }) => !known)) print(`\nNext: ${cleanLine(fix)} --plan`);
}

function printIssue({ id, severity, known, expected, actual, fixable, fixSql, lock }: ReportedIssue): void {
  const line = (text: string) => print(`  ${cleanLine(text)}`);
  print(`\n${severity.toUpperCase()}  ${cleanLine(id)}${known ? '  known: it is in the baseline' : ''}`);
  line(`expected: ${expected || (actual === null ? 'yes' : 'none')}`);
  line(`actual: ${actual || (actual === null ? 'none' : 'yes')}`);
  for (const sql of fixSql) line(`${fixable ? 'fix' : 'suggestion'}: ${sql}`);
  if (lock !== null && fixSql.length > 0) line(`lock: ${lock}`);
}

function countsOf(issues: readonly ReportedIssue[]): string {
  const of = (severity: ReportedIssue['severity']) =>
    issues.filter((issue) => issue.severity === severity && !issue.known).length;
  const known = issues.filter((issue) => issue.known).length;
  const [critical, minor, info] = [of('critical'), of('minor'), of('info')];
  const told = [
    ...(critical > 0 ? [`${critical} critical`] : []),
    ...(minor > 0 ? [`${minor} minor`] : []),
    ...(info > 0 ? [`${plural(info, 'object')} more than expected`] : []),
    ...(known > 0 ? [`${known} known`] : []),
  ];
  return told.length === 0 ? 'nothing differs' : told.join(', ');
}
