import type { Remedy } from '../../health/finding.ts';
import { cleanLine } from '../../text/clean.ts';
import { bytes, plural } from '../../text/units.ts';
import { print } from '../output.ts';
import { type Advice, trialText } from './merge.ts';

const HEADINGS: Readonly<Record<Advice['kind'], string>> = {
  invalid: 'INVALID',
  duplicate: 'DUPLICATE',
  unused: 'UNUSED',
  missing: 'MISSING',
  foreign_key: 'FOREIGN KEY',
};

/** Advice as text, one paragraph for each piece. */
export function printAdvice(advice: readonly Advice[], say: (remedy: Remedy) => string): void {
  for (const one of advice) {
    const line = (text: string) => print(`  ${cleanLine(text)}`);
    print(`\n${HEADINGS[one.kind]}${one.bytes === null ? '' : `  ~${bytes(one.bytes)}`}`);
    line(one.title);
    for (const reason of one.reasons) line(reason);
    const trial = trialText(one.trial);
    if (trial !== undefined) line(trial);
    if (one.evidence !== null) line(one.evidence);
    if (one.statements.length > 0)
      line(`Statements: ${one.statements.map(({ queryid }) => queryid).join(', ')}`);
    line(`Fix: ${say(one.remedy)}`);
    if ('cost' in one.remedy) line(`Cost: ${one.remedy.cost}`);
  }
}

/** How many of each kind there are. */
export function countText(advice: readonly Advice[]): string {
  const kinds = Map.groupBy(advice, ({ kind }) => kind);
  const words = [...kinds].map(([kind, all]) => `${all.length} ${HEADINGS[kind].toLowerCase()}`);
  return words.length === 0
    ? 'No advice.'
    : `${plural(advice.length, 'piece')} of advice: ${words.join(', ')}.`;
}
