import { cleanLine } from '../../text/clean.ts';
import { plural } from '../../text/units.ts';
import { clip, fit, width } from '../../text/width.ts';
import type { Part, ReportDocument } from './document.ts';

/** A statement that is longer says what it is by its beginning. */
const CELL = 60;

/** A cell in one line. */
export function cell(text: string, cells = CELL): string {
  return clip(cleanLine(text), cells);
}

/** Name, version and role of the server, and when it was looked at. */
export function headOf({ server, version, standby, at }: ReportDocument): string {
  return cleanLine(`${server}, PostgreSQL ${version}, ${standby ? 'standby' : 'primary'}, ${at}`);
}

/** `warning: score 83 of 100, 96 % of it measured`. */
export function verdictOf({ health: { status, score, coverage } }: ReportDocument): string {
  return `${status}: ${score === null ? 'no score' : `score ${score} of 100`}, ${coverage} % of it measured`;
}

export const leftOutOf = ({ notListed }: Part): string | undefined =>
  notListed > 0 ? `and ${plural(notListed, 'row')} more` : undefined;

/** For a terminal or a mail. */
export function textReport(document: ReportDocument): string {
  const { health, fixes, parts } = document;
  const lines = [`Report on ${headOf(document)}`, '', `Health: ${verdictOf(document)}`];
  for (const { id, severity, title, evidence } of health.findings)
    lines.push(
      `  ${severity.toUpperCase()}  ${cleanLine(title)}`,
      `      ${cleanLine(evidence)}`,
      `      Fix: ${cleanLine(fixes.get(id) ?? '')}`,
    );
  if (health.unknown.length > 0)
    lines.push(`  Not known: ${health.unknown.map(({ check }) => check).join(', ')}`);
  for (const part of parts)
    lines.push('', part.title, `  (${cleanLine(part.evidence)})`, ...tableLines(part));
  return `${lines.join('\n')}\n`;
}

function tableLines(part: Part): string[] {
  if (part.instead !== undefined) return [`  ${cleanLine(part.instead)}`];
  const rows = [
    part.columns.map(({ title }) => title),
    ...part.rows.map((row) => row.map((one) => cell(one))),
  ];
  const widths = part.columns.map((_, i) => Math.max(...rows.map((row) => width(row[i] ?? ''))));
  const more = leftOutOf(part);
  return [
    ...rows.map((row) =>
      `  ${row.map((text, i) => fit(text, widths[i] ?? 0, part.columns[i]?.align)).join('  ')}`.trimEnd(),
    ),
    ...(more === undefined ? [] : [`  ${more}`]),
  ];
}

/** What means something to Markdown, or to the HTML that it may hold, means nothing: nothing of the server is a link, a table or a tag. */
export function markdown(text: string): string {
  return cleanLine(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[\\`*_{}[\]()#+\-.!|~>:@]/g, (one) => `\\${one}`);
}

/** For an issue or a wiki. */
export function markdownReport(document: ReportDocument): string {
  const { health, fixes, parts } = document;
  const lines = [
    `# Report on ${markdown(headOf(document))}`,
    '',
    `## Health`,
    '',
    `**${markdown(verdictOf(document))}**`,
    '',
  ];
  for (const { id, severity, title, evidence } of health.findings)
    lines.push(
      `- **${severity}** ${markdown(title)}: ${markdown(evidence)} Fix: ${markdown(fixes.get(id) ?? '')}`,
    );
  if (health.unknown.length > 0)
    lines.push(`- Not known: ${markdown(health.unknown.map(({ check }) => check).join(', '))}`);
  for (const part of parts) {
    lines.push('', `## ${markdown(part.title)}`, '', `${markdown(part.evidence)}`, '');
    if (part.instead !== undefined) {
      lines.push(markdown(part.instead));
      continue;
    }
    const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
    lines.push(
      row(part.columns.map(({ title }) => markdown(title))),
      row(part.columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
      ...part.rows.map((cells) => row(cells.map((one) => markdown(cell(one, 200))))),
    );
    const more = leftOutOf(part);
    if (more !== undefined) lines.push('', more);
  }
  return `${lines.join('\n')}\n`;
}

export const REPORT_FORMAT_VERSION = 1;

/** For scripts: the verdict as health --json has it, and rows as show --json does. */
export function jsonReport({ at, server, version, standby, health, parts }: ReportDocument): string {
  const sections = parts.map((part) => ({
    id: part.id,
    title: part.title,
    evidence: part.evidence,
    age_seconds: part.ageSeconds,
    unread: part.unread ? (part.instead ?? null) : null,
    rows: part.records,
    not_listed: part.notListed,
  }));
  const report = { formatVersion: REPORT_FORMAT_VERSION, at, server, version, standby, health, sections };
  return `${JSON.stringify(report, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2)}\n`;
}
