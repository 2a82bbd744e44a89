import { StringDecoder } from 'node:string_decoder';
import type { ReadStream, WriteStream } from 'node:tty';
import { characters } from '../text/width.ts';

/** What the prompt needs of a terminal. */
export interface PromptTerminal {
  readonly input: Pick<ReadStream, 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;
  readonly output: Pick<WriteStream, 'write'>;
  /** What ^C does once the terminal is back in order. */
  readonly interrupt: () => void;
}

const ENTER = /[\r\n\u0004]/;
const ESCAPE_SEQUENCE = /\u001b(?:\[[\d;?]*[ -/]*[@-~]|O.|.)?/gs;

/** Asks for a text that is not shown; undefined when nothing was entered. The terminal's mode is restored. */
export function askPassword(question: string, terminal: PromptTerminal): Promise<string | undefined> {
  const { input, output, interrupt } = terminal;
  // not setEncoding: the console reads the same stream afterwards, as bytes
  const decoder = new StringDecoder('utf8');
  let typed: string[] = [];

  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const erase = (count: number) => {
    typed = typed.slice(0, typed.length - count);
    output.write('\b \b'.repeat(count));
  };
  const finish = (password: string | undefined) => {
    input.off('data', onData);
    input.setRawMode(false);
    input.pause();
    output.write('\n');
    resolve(password || undefined);
  };
  const onData = (chunk: Buffer | string) => {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    for (const key of characters(text.replace(ESCAPE_SEQUENCE, ''))) {
      if (key === '\u0003') {
        finish(undefined);
        interrupt();
        return;
      }
      if (ENTER.test(key)) {
        finish(typed.join(''));
        return;
      }
      if (key === '\u007f' || key === '\b') erase(Math.min(1, typed.length));
      else if (key === '\u0015') erase(typed.length);
      else if (key >= ' ') {
        typed.push(key);
        output.write('*');
      }
    }
  };
  // the question last: until then the terminal itself shows what is typed
  input.setRawMode(true);
  input.on('data', onData);
  input.resume();
  output.write(question);
  return promise;
}
