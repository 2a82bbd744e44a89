import { createInterface } from 'node:readline/promises';
import type { Plan } from '../../ops/engine/plan.ts';
import { cleanLine } from '../../text/clean.ts';

export interface Answers {
  readonly yes?: boolean;
  readonly confirm?: string;
}

/** `missing`: it was not answered, and there is nobody to ask. */
export type Answer = 'yes' | 'no' | 'missing' | 'wrong name';

/** What the flags answer to a plan's question; undefined when they do not. */
export function answered({ danger, subject }: Plan, { yes, confirm }: Answers): Answer | undefined {
  if (danger === 'none') return 'yes';
  if (confirm !== undefined) return confirm === subject ? 'yes' : 'wrong name';
  return danger === 'confirm' && yes ? 'yes' : undefined;
}

/** Asks on the terminal; No is the default, and what ^C and ^D mean. */
export async function ask({ danger, subject }: Plan): Promise<Answer> {
  const typed = await question(
    danger === 'type-name' ? `Type the name, ${cleanLine(subject)}, to confirm: ` : 'Run it? (y/N) ',
  );
  if (danger === 'type-name') return typed === subject ? 'yes' : typed === '' ? 'no' : 'wrong name';
  return /^y(es)?$/i.test(typed) ? 'yes' : 'no';
}

async function question(text: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const end = new AbortController();
  lines.on('SIGINT', () => end.abort());
  lines.on('close', () => end.abort());
  try {
    return (await lines.question(text, { signal: end.signal })).trim();
  } catch {
    process.stderr.write('\n');
    return '';
  } finally {
    lines.close();
  }
}

/** What to add to the command line. */
export function remedy({ danger, subject }: Plan): string {
  if (danger === 'confirm') return 'Add --yes to do it.';
  return `Add --confirm ${quoted(subject)} to do it.`;
}

function quoted(text: string): string {
  const clean = cleanLine(text);
  return /^[\w.-]+$/.test(clean) ? clean : `'${clean.replaceAll("'", `'\\''`)}'`;
}
