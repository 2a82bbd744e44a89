import type { AnyPoll } from '../db/poll.ts';
import { CATEGORIES, CATEGORY_IDS, type CategoryId } from './categories.ts';
import type { Check, Facts } from './check.ts';
import type { Finding, Judgement, Measure, Severity, Unknown } from './finding.ts';
import { SEVERITIES } from './finding.ts';
import { grouped } from './group.ts';
import type { Memory } from './memory.ts';
import { CHECKS } from './registry.ts';
import { deduction, scoreOf } from './score.ts';
import { type Waiver, waiverOf } from './waivers.ts';

/** A check that could not be made, or not for all there is. */
export interface Blind extends Unknown {
  readonly check: string;
  readonly title: string;
  readonly category: CategoryId;
}

/** A category as it stands. */
export interface CategoryState {
  readonly id: CategoryId;
  readonly title: string;
  readonly weight: number;
  /** What is left of the weight, 0 to 100; null where it is not scored or not known. */
  readonly score: number | null;
  /** The worst finding that is not waived. */
  readonly severity: Severity | null;
  readonly findings: number;
  readonly unknown: number;
}

/** What is known of a server's health at one moment. */
export interface Assessment {
  /** The worst first; of one check no more than the ten worst, and one that stands for the others. */
  readonly findings: readonly Finding[];
  readonly unknown: readonly Blind[];
  readonly categories: readonly CategoryState[];
  /** 0 to 100; null where nothing could be measured. */
  readonly score: number | null;
  /** How much of the score's weights was measured, in percent. */
  readonly coverage: number;
  /** Every question has had its first answer. */
  readonly asked: boolean;
}

/** The score while a category stands at this severity is not above this. */
const CAPS: Readonly<Partial<Record<Severity, number>>> = { alert: 79, critical: 59 };

/** What is judged: absent, everything. */
export interface Scope {
  readonly waivers?: readonly Waiver[] | undefined;
  readonly checks?: readonly Check[] | undefined;
  readonly categories?: readonly CategoryId[] | undefined;
  /** What was made before of what is as it was, with the same waivers. */
  readonly memory?: Memory<Judged> | undefined;
}

/** Judges the facts by the checks. Asks nothing of the server. */
export function assess(
  facts: Facts,
  { waivers = [], checks = CHECKS, categories = CATEGORY_IDS, memory }: Scope = {},
): Assessment {
  const judged = checks.map(
    (check) =>
      memory?.recall(check, facts, (watched) => judge(check, watched, waivers)) ??
      judge(check, facts, waivers),
  );
  const findings = judged.flatMap((one) => one.shown).sort(worstFirst);
  const unknown = judged.flatMap(({ check, judgement }) =>
    judgement.unknown ? [{ ...judgement.unknown, ...nameOf(check) }] : [],
  );
  const open = judged
    .flatMap((one) => one.findings)
    .filter(({ waiver }) => waiver === undefined)
    .sort(worstFirst);
  const weighed = categories.map((id) => ({ id, ...weigh(id, judged) }));
  const { score, coverage = answered(judged) } = scoreOf(
    weighed,
    open.flatMap(({ severity, cap }) => [CAPS[severity] ?? 100, cap ?? 100]),
  );
  return {
    findings,
    unknown,
    score,
    coverage,
    asked: checks.every(({ reads }) => reads.every((poll) => facts.figures.part(poll).status !== 'waiting')),
    categories: weighed.map(({ id, weight, deduction: lost }) => {
      const own = open.filter(({ category }) => category === id);
      return {
        id,
        title: CATEGORIES[id].title,
        weight,
        score: weight === 0 || lost === undefined ? null : Math.round(100 * (1 - lost)),
        severity: own[0]?.severity ?? null,
        findings: own.length,
        unknown: unknown.filter(({ category }) => category === id).length,
      };
    }),
  };
}

/** What one check came to. */
export interface Judged {
  readonly check: Check;
  readonly judgement: Judgement;
  /** Each, with what it is waived by. */
  readonly findings: readonly Finding[];
  /** As they are listed. */
  readonly shown: readonly Finding[];
}

const nameOf = ({ id, title, category }: Check) => ({ check: id, title, category });

function judge(check: Check, facts: Facts, waivers: readonly Waiver[]): Judged {
  const unread = blindness(check, facts);
  // waivers end; where there are none it does not matter when it is
  const now = waivers.length === 0 ? Number.NaN : facts.outside.now;
  const judgement = unread?.whole ? { unknown: unread.why } : withUnknown(check.judge(facts), unread?.why);
  const findings = (judgement.findings ?? []).map((found): Finding => {
    const id = found.object === undefined ? check.id : `${check.id}:${found.object}`;
    const waiver = waiverOf({ id, check: check.id }, waivers, now);
    return { id, check: check.id, category: check.category, ...found, ...(waiver && { waiver }) };
  });
  const { all, shown } = grouped(check, findings, waivers, now);
  return { check, judgement, findings: all, shown };
}

function withUnknown(judgement: Judgement, why: Unknown | undefined): Judgement {
  if (why === undefined || judgement.unknown !== undefined) return judgement;
  // the worst of what is seen is no measure of what is not
  const { measure: _, ...rest } = judgement;
  return { ...rest, unknown: why };
}

/** Why what a check reads is not there, `whole` where none of it is; rows that are hidden leave what is seen. */
function blindness(
  { reads, open }: Check,
  facts: Facts,
): { readonly whole: boolean; readonly why: Unknown } | undefined {
  const parts = reads.map((poll: AnyPoll) => facts.figures.part(poll));
  const missing = parts.find(({ status }) => status !== 'ok');
  if (missing) {
    const { status, reason = status === 'waiting' ? 'It was not read yet.' : 'It could not be read.' } =
      missing;
    return { whole: true, why: { reason, ...(missing.remedy && { remedy: missing.remedy }) } };
  }
  const partial = open ? undefined : parts.find((part) => part.partial)?.partial;
  return partial && { whole: false, why: partial };
}

/** Of categories that nothing is scored by: how many of their checks could be made, in percent. */
function answered(judged: readonly Judged[]): number {
  const known = judged.filter(({ judgement }) => judgement.unknown === undefined).length;
  return judged.length === 0 ? 0 : Math.floor((100 * known) / judged.length);
}

/** What a category costs, by the check that measures it; a figure that is waived costs nothing. */
function weigh(id: CategoryId, judged: readonly Judged[]): { weight: number; deduction: number | undefined } {
  const { weight, measuredBy } = CATEGORIES[id];
  const by = judged.find(({ check }) => check.id === measuredBy);
  if (by === undefined) return { weight, deduction: weight === 0 ? 0 : undefined };
  const { judgement, findings } = by;
  if (judgement.unknown !== undefined) return { weight, deduction: undefined };
  return { weight, deduction: judgement.measure ? deduction(unwaived(judgement.measure, findings)) : 0 };
}

function unwaived(measure: Measure, findings: readonly Finding[]): Measure {
  if (findings.every(({ waiver }) => waiver === undefined)) return measure;
  const { normal, critical } = measure.levels;
  const worse = normal <= critical ? Math.max : Math.min;
  const left = findings.flatMap(({ waiver, value }) =>
    waiver === undefined && value !== undefined ? [value] : [],
  );
  return { ...measure, value: left.reduce((a, b) => worse(a, b), normal) };
}

function worstFirst(a: Finding, b: Finding): number {
  return (
    Number(a.waiver !== undefined) - Number(b.waiver !== undefined) ||
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    CATEGORIES[b.category].weight - CATEGORIES[a.category].weight ||
    // what stands for the rest comes behind those that it is the rest of
    Number(a.grouped !== undefined) - Number(b.grouped !== undefined) ||
    (a.id < b.id ? -1 : 1)
  );
}
