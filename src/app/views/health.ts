import { summaryPoll } from '../../db/queries/activity.ts';
import type { CategoryState } from '../../health/assess.ts';
import { type Blinded, byReason } from '../../health/blind.ts';
import { CATEGORIES } from '../../health/categories.ts';
import { type Finding, SEVERITIES } from '../../health/finding.ts';
import { sizeOf } from '../../health/group.ts';
import type { RawInput } from '../../ops/engine/operation.ts';
import { entryOf } from '../../ops/registry.ts';
import { span } from '../../text/line.ts';
import { duration, plural } from '../../text/units.ts';
import { type Model, SEVERITY_LEVEL } from '../core/model.ts';
import type { DetailSection } from '../core/section.ts';
import { type Column, defineScreen, defineView, opensFilled } from '../core/view.ts';

/** What is wrong, or what could not be looked at. */
type HealthRow = Finding | Blinded;

const isFinding = (row: HealthRow): row is Finding => 'severity' in row;
const isOpen = (row: HealthRow): row is Finding => isFinding(row) && row.waiver === undefined;

const total = (findings: readonly Finding[]) => findings.reduce((sum, one) => sum + sizeOf(one), 0);

/** The worst first, of those the one whose category weighs most; then what is not known, and what somebody lives with. */
function weight(row: HealthRow): number {
  const within = CATEGORIES[row.category].weight / 100;
  if (!isFinding(row)) return within - 1;
  return within + (row.waiver === undefined ? SEVERITIES.indexOf(row.severity) : -2);
}

function state(row: HealthRow): string {
  if (!isFinding(row)) return 'unknown';
  return row.waiver === undefined ? row.severity : 'waived';
}

/** What changes that it is not known: here samples come by themselves. */
function stepOf({ wait, remedy }: Blinded): string | undefined {
  return wait === undefined ? remedy : `Wait ${duration(wait)}: samples come by themselves.`;
}

function remedyText(row: HealthRow): string {
  if (!isFinding(row)) return stepOf(row) ?? '';
  const { remedy } = row;
  if ('sql' in remedy) return remedy.sql;
  if ('advice' in remedy) return remedy.advice;
  return entryOf(remedy.operation)?.title ?? remedy.operation;
}

const columns = [
  {
    id: 'severity',
    title: 'SEVERITY',
    width: 11,
    priority: 1,
    value: weight,
    cell: state,
    level: (r) => (isOpen(r) ? SEVERITY_LEVEL[r.severity] : 'normal'),
    tone: (r) => (isOpen(r) ? undefined : 'muted'),
  },
  {
    id: 'finding',
    title: 'FINDING',
    width: 40,
    grow: true,
    priority: 1,
    value: (r) => (isFinding(r) ? r.title : `${r.title}: ${r.reason}`),
    tone: (r) => (isOpen(r) ? undefined : 'muted'),
  },
  { id: 'category', title: 'CATEGORY', width: 19, priority: 3, value: (r) => CATEGORIES[r.category].title },
  { id: 'fix', title: 'FIX', width: 30, priority: 2, value: remedyText, tone: () => 'muted' },
] satisfies Column<HealthRow>[];

/** What is wrong with the server, the worst first, with what is not known below. */
export const healthView = defineView<HealthRow>({
  id: 'health',
  title: 'Findings',
  noun: 'findings',
  polls: [summaryPoll],
  rows: ({ health }) => (health === undefined ? [] : [...health.findings, ...byReason(health.unknown)]),
  identity: (row) => (isFinding(row) ? row.id : row.check),
  sort: { column: 'severity', descending: true },
  empty: 'Nothing is wrong, as far as it was looked at.',
  columns,
  headline: ({ health }) => {
    if (!health?.asked) return [span('being read', 'muted')];
    const open = health.findings.filter(isOpen);
    const counts = SEVERITIES.toReversed().flatMap((severity) => {
      const n = total(open.filter((one) => one.severity === severity));
      return n === 0 ? [] : [`${n} ${severity}`];
    });
    const waived = total(health.findings) - total(open);
    if (waived > 0) counts.push(`${waived} waived`);
    return [
      span(health.score === null ? 'no score' : `score ${health.score} of 100`),
      span(`, ${health.coverage} % measured${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`, 'muted'),
    ];
  },
  listedBy: 'health',
  copy: (row) => {
    if (isFinding(row))
      return 'sql' in row.remedy
        ? { text: row.remedy.sql, what: 'SQL that fixes it' }
        : { text: row.id, what: 'id of the finding' };
    const remedy = row.wait === undefined ? row.remedy : undefined;
    return remedy === undefined ? { text: row.check, what: 'check' } : { text: remedy, what: 'step' };
  },
  detail,
  remedy: (row) => {
    if (!isFinding(row) || !('operation' in row.remedy)) return undefined;
    const { operation, input } = row.remedy;
    return { operation, input: rawOf(input) };
  },
  operations: [
    {
      id: 'health.waive',
      key: 'x',
      title: 'Waive the finding until a day',
      operation: 'health waive',
      argument: (row) => (isFinding(row) ? row.id : row.check),
      only: isOpen,
      elsewhere: 'only findings of Health that count are waived',
      hint: 2,
      short: 'waive',
    },
    {
      id: 'health.unwaive',
      key: 'X',
      title: 'Let a waived finding count again',
      operation: 'health unwaive',
      argument: (row) => (isFinding(row) ? (row.waiver?.id ?? row.id) : row.check),
      only: (row) => isFinding(row) && row.waiver !== undefined,
      elsewhere: 'only waived findings of Health count again',
      hint: 3,
      short: 'unwaive',
    },
  ],
});

function detail(row: HealthRow, model: Model): DetailSection[] {
  if (!isFinding(row)) {
    const step = stepOf(row);
    return [
      { title: `${row.title}: not known`, text: row.reason },
      ...(step === undefined ? [] : [{ title: 'To see it', text: step }]),
    ];
  }
  const { id, title, why, evidence, remedy, waiver, category, grouped } = row;
  return [
    { title: `${state(row)}: ${id}`, text: `${title}\n${why}` },
    { title: 'Evidence', text: evidence },
    {
      title: 'Fix',
      text:
        'operation' in remedy
          ? `${remedyText(row)}: ${wordsOf(remedy.input)}.${opensFilled(model)}`
          : remedyText(row),
    },
    ...('cost' in remedy ? [{ title: 'Cost', text: remedy.cost }] : []),
    ...(grouped ? [{ title: 'Stands for', text: grouped.map((one) => one.id).join('\n') }] : []),
    {
      title: 'Counted in',
      facts: [
        ['category', CATEGORIES[category].title],
        ...(waiver ? [['waived', `until ${waiver.until}: ${waiver.reason}`] as const] : []),
      ],
    },
  ];
}

function wordsOf(input: Readonly<Record<string, unknown>>): string {
  return Object.entries(input)
    .map(([field, value]) => `${field} ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join(', ');
}

/** As somebody would have typed it. */
function rawOf(input: Readonly<Record<string, unknown>>): RawInput {
  return Object.fromEntries(
    Object.entries(input).map(([field, value]) => [
      field,
      typeof value === 'boolean' ? value : Array.isArray(value) ? value.map(String) : String(value),
    ]),
  );
}

const BAR = 20;

const categoryColumns = [
  { id: 'category', title: 'CATEGORY', width: 20, priority: 1, value: (c) => c.title },
  {
    id: 'score',
    title: 'SCORE',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 1,
    // what is not scored stands last
    value: (c) => c.score,
    cell: (c) => (c.score === null ? '-' : String(c.score)),
  },
  {
    id: 'bar',
    title: '',
    width: BAR,
    priority: 1,
    own: true,
    value: (c) => c.score,
    // without the tone of its severity: that brings a ground along, and a bar on gold would be a black one
    cell: (c) => (c.score === null ? '' : bar(c.score / 100)),
  },
  {
    id: 'weight',
    title: 'WEIGHT',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 3,
    value: (c) => c.weight,
  },
  {
    id: 'worst',
    title: 'WORST',
    width: 11,
    priority: 2,
    value: (c) => (c.severity === null ? -1 : SEVERITIES.indexOf(c.severity)),
    cell: (c) => c.severity ?? '',
    level: (c) => (c.severity === null ? 'normal' : SEVERITY_LEVEL[c.severity]),
  },
  {
    id: 'findings',
    title: 'FINDINGS',
    field: { kind: 'number' },
    width: 8,
    align: 'right',
    priority: 2,
    value: (c) => c.findings,
    cell: (c) => (c.findings === 0 ? '' : String(c.findings)),
  },
  {
    id: 'unknown',
    title: 'NOT KNOWN',
    short: 'UNKNOWN',
    field: { kind: 'number' },
    width: 9,
    grow: true,
    priority: 2,
    value: (c) => c.unknown,
    cell: (c) => (c.unknown === 0 ? '' : plural(c.unknown, 'check')),
    tone: () => 'muted',
  },
] satisfies Column<CategoryState>[];

function bar(share: number): string {
  const full = Math.round(share * BAR);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
}

const categoriesView = defineView<CategoryState>({
  id: 'health_categories',
  title: 'Categories',
  noun: 'categories',
  polls: [summaryPoll],
  rows: ({ health }: Model) => health?.categories ?? [],
  identity: ({ id }) => id,
  sort: { column: 'score', descending: false },
  empty: '',
  columns: categoryColumns,
  listedBy: 'health',
  detail: ({ title, score, weight: of, severity }) => [
    {
      title,
      facts: [
        ['score', score === null ? 'not measured' : `${score} of 100`],
        ['weight', of === 0 ? 'not scored' : `${of} of 100`],
        ['worst', severity ?? 'nothing is wrong'],
      ],
    },
  ],
});

export const healthScreen = defineScreen({
  id: 'health',
  title: 'Health',
  key: '9',
  panes: [healthView, categoriesView],
  weights: [3, 2],
});
