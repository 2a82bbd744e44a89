import type { Command } from 'commander';
import { cleanLine } from '../../text/clean.ts';
import type { Context } from '../context.ts';
import { EXIT, print, whenWritten } from '../output.ts';
import { liveOf } from './live.ts';
import { type Candidate, wantedOf } from './wanted.ts';

/**
 * Milliseconds from the start of the process after which somebody who has pressed Tab has waited long enough;
 * PGDECK_COMPLETION_TIMEOUT says otherwise, for a server that is far away.
 */
const PATIENCE = 300;
/** What of it goes by before this process counts, and after it has answered: its start and its end. */
const AROUND = 40;

function patience({ env }: Context): number {
  const given = Number(env.PGDECK_COMPLETION_TIMEOUT ?? '');
  return Number.isFinite(given) && given > 0 ? given : PATIENCE;
}

/**
 * Prints what the last of the words can be, a line each. What a server or a disk would have to be asked for is there in
 * time or not at all. Ends the process: a connection that is still being made is nobody's any more.
 */
export async function complete(program: Command, words: readonly string[], context: Context): Promise<void> {
  const current = words.at(-1) ?? '';
  let found: readonly Candidate[] = [];
  try {
    const wanted = await wantedOf(program, words, context);
    found = wanted.files === undefined ? wanted.candidates : [{ value: `:${wanted.files}` }];
    if (wanted.live !== undefined) {
      const { live, prefix = '' } = wanted;
      const late = new Promise<never[]>((resolve) => {
        setTimeout(() => resolve([]), Math.max(0, patience(context) - AROUND - performance.now()));
      });
      const choices = await Promise.race([liveOf(live, context).catch(() => []), late]);
      found = [...found, ...choices.map(({ value, hint }) => ({ value: `${prefix}${value}`, hint }))];
    }
  } catch {
    // at a prompt an error has no reader
  }
  for (const { value, hint } of found) {
    // a name with a line break in it cannot be told in a line
    if (cleanLine(value) !== value || !(value.startsWith(current) || value.startsWith(':'))) continue;
    print(hint === undefined || hint === '' ? value : `${value}\t${cleanLine(hint)}`);
  }
  whenWritten(() => process.exit(EXIT.done));
}
