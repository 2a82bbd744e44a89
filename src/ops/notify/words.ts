import { capital } from '../../text/capital.ts';
import { cleanLine } from '../../text/clean.ts';
import { durationText } from '../../text/units.ts';
import { databaseOf } from './subject.ts';
import type { Ended } from './verdict.ts';

/** Longer ones are cut: it is read on a phone. */
const MAX = 400;

/** The sentence of a run that failed. */
export function failedSentence(title: string, ended: Ended): string {
  return sentence(`${what(title, ended)} failed: ${reason(ended.text)}`);
}

/** The sentence of a run that took long and is done. */
export function longSentence(title: string, { ms }: Ended): string {
  return sentence(`${title}: done after ${durationText(Math.round(ms / 1000))}.`);
}

/** The sentence of a run that was long and failed. */
export function longFailedSentence(title: string, { ms, text }: Ended): string {
  return sentence(`${title}: failed after ${durationText(Math.round(ms / 1000))}: ${reason(text)}`);
}

/** The sentence of a run that is done where the one before had failed. */
export function againSentence(title: string, ended: Ended): string {
  return sentence(`${what(title, ended)} is done; the one before had failed.`);
}

function what(title: string, ended: Ended): string {
  const database = databaseOf(ended);
  if (ended.operation === 'backup') return `The backup of ${database ?? 'the databases'}`;
  if (ended.operation !== 'backups verify') return title;
  const name = ended.input.level === 'restore' ? 'The restore drill' : 'The verification';
  return `${name} of ${title.replace(/^Verify /, '')}`;
}

/** The first line of why; where it only leads to what comes after, with the next one. */
function reason(text: string): string {
  const [first = '', second = ''] = text.split('\n').filter((line) => line.trim() !== '');
  return /:$/.test(first.trim()) ? `${first} ${second}` : first;
}

function sentence(text: string): string {
  const line = cleanLine(text).trim();
  const whole = line.length > MAX ? `${line.slice(0, MAX - 1)}…` : line;
  return capital(/[.!?…]$/.test(whole) ? whole : `${whole}.`);
}
