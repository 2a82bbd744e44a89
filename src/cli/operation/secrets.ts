import { readSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { UsageError } from '../../config/usage-error.ts';
import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';

/** No password is as long, and what is piped in by mistake may have no end. */
const LONGEST = 64 * 1024;

/** Gives a command the two ways in which a secret is given: as no word of it, which every process could read. */
export function addSecret(command: Command, { id, hint, repeats }: InputField): void {
  // on a terminal it is asked for twice by itself
  if (repeats !== undefined) return;
  const name = id.replaceAll('_', '-');
  command
    .addOption(new Option(`--${name}-stdin`, `${hint}: the first line of standard input`))
    .addOption(new Option(`--ask-${name}`, `${hint}: typed here, unseen, twice`));
}

/**
 * The secrets that a command asks for, by the ids of their fields: from standard input, or typed. Throws
 * {@link UsageError} where none is to be had, or what there is cannot be one.
 */
export async function readSecrets(
  operation: AnyOperation,
  command: Command,
): Promise<Readonly<Record<string, string>>> {
  const options = command.opts<Record<string, unknown>>();
  const fields = fieldsOf(operation).filter(({ secret }) => secret === true);
  const secrets: Record<string, string> = {};
  for (const { id, repeats } of fields) {
    if (repeats !== undefined) continue;
    const name = id.replaceAll('_', '-');
    const piped = options[new Option(`--${name}-stdin`).attributeName()] === true;
    const asked = options[new Option(`--ask-${name}`).attributeName()] === true;
    if (piped && asked)
      throw new UsageError(`--${name}-stdin and --ask-${name} do not go together.`, 'Leave one of them out.');
    const given = piped ? fromInput(name) : asked ? await typed(name) : undefined;
    if (given === undefined) continue;
    for (const field of fields) if (field.id === id || field.repeats === id) secrets[field.id] = given;
  }
  return secrets;
}

function fromInput(name: string): string {
  const option = `--${name}-stdin`;
  const refuse = (why: string): never => {
    throw new UsageError(`${option}: ${why}`, `Pipe one line into it: pgdeck … ${option} < FILE`);
  };
  if (process.stdin.isTTY === true) refuse('standard input is a terminal, which would show it.');
  const bytes = everything(refuse);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('what was read is no UTF-8.');
  }
  const [line = '', ...more] = text.split(/\r?\n/);
  if (line === '') refuse('the first line is empty.');
  if (more.join('').trim() !== '') refuse('there is more than one line.');
  if (line.includes('\0')) refuse('there is a NUL in it.');
  return line;
}

function everything(refuse: (why: string) => never): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (;;) {
    const part = Buffer.alloc(LONGEST);
    const read = readPart(part, refuse);
    if (read === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, read));
    length += read;
    if (length > LONGEST) refuse(`it is longer than ${LONGEST / 1024} kB.`);
  }
}

function readPart(into: Buffer, refuse: (why: string) => never): number {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;)
    try {
      return readSync(0, into);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      // a pipe that another process has made non-blocking has nothing yet
      if (code !== 'EAGAIN') return refuse(`it cannot be read (${code}).`);
      Atomics.wait(pause, 0, 0, 20);
    }
}

async function typed(name: string): Promise<string> {
  const option = `--ask-${name}`;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    throw new UsageError(`${option}: there is no terminal to ask on.`, `Pipe it in: --${name}-stdin`);
  const { askPassword } = await import('../../config/prompt.ts');
  const ask = (question: string) =>
    askPassword(question, {
      input: process.stdin,
      output: process.stderr,
      interrupt: () => process.kill(process.pid, 'SIGINT'),
    });
  const once = await ask(`New ${name.replaceAll('-', ' ')}: `);
  if (once === undefined) throw new UsageError('Nothing was typed.', 'Leave it out to have one generated.');
  if ((await ask('The same again: ')) !== once)
    throw new UsageError('The two are not the same. Nothing was done.', 'Try again.');
  return once;
}
