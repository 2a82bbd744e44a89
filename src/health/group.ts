import type { Check } from './check.ts';
import { type Finding, SEVERITIES } from './finding.ts';
import { type Waiver, waiverOf } from './waivers.ts';

/** As many findings of one check are told each by itself: what is wrong with a thousand tables is one thing. */
const LISTED = 10;
/** Of the others as many are named in the sentence. */
const NAMED = 10;

/** The findings of one check: `shown` as they are listed, `all` with the waiver that each is left aside for. */
export interface Grouped {
  readonly shown: readonly Finding[];
  readonly all: readonly Finding[];
}

/**
 * Beyond the ten worst the findings of a check are one, `check:*`, which is told and waived as such; each still counts
 * as what it is. One that is waived by its own id stands by itself; those that are waived by the check's are grouped too.
 */
export function grouped(
  check: Pick<Check, 'id' | 'title'>,
  findings: readonly Finding[],
  waivers: readonly Waiver[],
  now: number,
): Grouped {
  const [open, waived, own] = [
    findings.filter(({ waiver }) => waiver === undefined),
    findings.filter(({ waiver }) => waiver?.id === check.id),
    findings.filter(({ waiver }) => waiver !== undefined && waiver.id !== check.id),
  ];
  const waiver = waiverOf({ id: idOf(check), check: check.id }, waivers, now);
  const [first, second] = [cut(open), cut(waived)];
  const aside = waiver ? first.rest.map((one) => ({ ...one, waiver })) : first.rest;
  return {
    shown: [...first.listed, ...group(check, aside), ...second.listed, ...group(check, second.rest), ...own],
    all: [...first.listed, ...aside, ...waived, ...own],
  };
}

const idOf = ({ id }: Pick<Check, 'id'>): string => `${id}:*`;

function cut(findings: readonly Finding[]): {
  readonly listed: readonly Finding[];
  readonly rest: readonly Finding[];
} {
  // one more is told as well as a group of one
  if (findings.length <= LISTED + 1) return { listed: findings, rest: [] };
  // of the same severity in the order of the check, which reads the worst first
  const sorted = findings.toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
  return { listed: sorted.slice(0, LISTED), rest: sorted.slice(LISTED) };
}

function group(check: Pick<Check, 'id' | 'title'>, rest: readonly Finding[]): Finding[] {
  const [first] = rest;
  if (first === undefined) return [];
  const names = rest.slice(0, NAMED).map(({ object, id }) => object ?? id);
  const more = rest.length > NAMED ? ` and ${rest.length - NAMED} more` : '';
  const { category, severity, why, waiver } = first;
  return [
    {
      ...{ id: idOf(check), check: check.id, category, object: '*', severity, why },
      title: `${check.title}: ${rest.length} more (${names.join(', ')}${more}).`,
      value: rest.length,
      unit: 'count',
      evidence: `The ${LISTED} worst are listed, and these are those behind them, with the same origin. pgdeck health --json has the ids of all.`,
      remedy: { advice: 'What fixes those that are listed fixes these: they move up as those go.' },
      grouped: rest.map(({ id, severity }) => ({ id, severity })),
      ...(waiver && { waiver }),
    },
  ];
}

/** How many findings one stands for. */
export const sizeOf = ({ grouped: members }: Pick<Finding, 'grouped'>): number => members?.length ?? 1;
