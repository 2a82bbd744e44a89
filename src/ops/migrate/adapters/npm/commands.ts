import { splitWords } from '../../../../text/shell.ts';
import type { Package } from '../shared/package-json.ts';

/** How often a script may call another one. */
const DEPTH = 8;

/**
 * The commands that a script of package.json runs, with what is around it and what npm runs before and after: each as
 * its program's name and arguments, without what only sets variables or finds the program. What cannot be read is
 * left as it is: it is nothing that is known.
 */
export function commandsOf(
  found: Pick<Package, 'scripts'>,
  name: string,
  args: readonly string[] = [],
  depth = 0,
): string[][] {
  const own = found.scripts[name];
  if (own === undefined || depth > DEPTH) return [[name, ...args]];
  const hook = (text: string | undefined) => (text === undefined ? [] : ofText(found, text, [], depth + 1));
  return [
    ...hook(found.scripts[`pre${name}`]),
    ...ofText(found, own, args, depth + 1),
    ...hook(found.scripts[`post${name}`]),
  ];
}

/** What comes behind `--` goes to the last command of the text. */
function ofText(
  found: Pick<Package, 'scripts'>,
  text: string,
  args: readonly string[],
  depth: number,
): string[][] {
  const parts = splitCommands(text);
  return parts.flatMap((part, at) => {
    const words = splitWords(part);
    if (words === undefined) return [[part]];
    const all = at === parts.length - 1 ? [...words, ...args] : words;
    return unwrap(found, all, depth);
  });
}

/** At what separates commands, outside quotes. */
function splitCommands(text: string): string[] {
  const parts = [''];
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const c = text[at] as string;
    if (quote === undefined && /[;&|\n]/.test(c)) {
      parts.push('');
      continue;
    }
    if (c === '\\' && quote !== "'") {
      parts[parts.length - 1] += c + (text[++at] ?? '');
      continue;
    }
    if (quote !== undefined) quote = c === quote ? undefined : quote;
    else if (c === "'" || c === '"') quote = c;
    parts[parts.length - 1] += c;
  }
  return parts.filter((part) => part.trim() !== '');
}

/** Options of what stands before a program that take a value. */
const VALUED = new Set(['-e', '-f', '-v', '-r', '-p', '-u', '--package', '--file', '--require', '--import']);
VALUED.add('--loader').add('--project').add('--environments').add('-P').add('-C').add('--env-file');

/** Programs that run what comes behind them with other variables, or find it first. */
const WRAPPERS = new Set([
  'cross-env',
  'cross-env-shell',
  'env',
  'dotenv',
  'dotenv-cli',
  'dotenvx',
  'env-cmd',
]);
for (const name of ['npx', 'pnpx', 'bunx', 'exec', 'time', 'nice', 'command', 'dotenv-flow'])
  WRAPPERS.add(name);
const RUNTIMES = new Set(['node', 'tsx', 'ts-node', 'ts-node-esm', 'babel-node', 'nodemon']);
const MANAGERS = new Set(['npm', 'pnpm', 'yarn', 'bun']);
const SEVERAL = new Set(['run-s', 'run-p', 'npm-run-all', 'npm-run-all2', 'concurrently']);

function unwrap(found: Pick<Package, 'scripts'>, words: readonly string[], depth: number): string[][] {
  const [first, ...rest] = words;
  if (first === undefined) return [];
  if (/^[A-Za-z_]\w*=/.test(first)) return unwrap(found, rest, depth);
  const program = programOf(first);
  if (program === 'cd' || program === 'echo') return [];
  if (/^(ba|da|z)?sh$/.test(program) && /^-\w*c$/.test(rest[0] ?? ''))
    return ofText(found, rest[1] ?? '', [], depth + 1);
  if (WRAPPERS.has(program)) {
    // dotenvx run -- knex
    const behind = rest.indexOf('--');
    return unwrap(found, behind >= 0 ? rest.slice(behind + 1) : afterOptions(rest), depth);
  }
  if (RUNTIMES.has(program)) {
    const [file, ...more] = afterOptions(rest);
    return file === undefined ? [[program]] : [[programOf(file), ...more]];
  }
  if (SEVERAL.has(program))
    return rest
      .filter((word) => !word.startsWith('-'))
      .flatMap((word) => {
        const [name = '', ...args] = splitWords(word.replace(/^npm:/, '')) ?? [word];
        return commandsOf(found, name, args, depth + 1);
      });
  if (MANAGERS.has(program)) return managed(found, program, rest, depth);
  return [[program, ...rest]];
}

/** `npm run x -- --to y`, `pnpm exec knex`, `yarn migrate`. */
function managed(
  found: Pick<Package, 'scripts'>,
  program: string,
  rest: readonly string[],
  depth: number,
): string[][] {
  const [verb = '', ...more] = afterOptions(rest);
  if (/^(exec|x|dlx)$/.test(verb)) return unwrap(found, afterOptions(more), depth);
  const runs = /^(run|run-script|rum)$/.test(verb);
  const [name = '', ...args] = runs ? afterOptions(more) : [verb, ...more];
  if (runs || (program !== 'npm' && Object.hasOwn(found.scripts, name)))
    return commandsOf(found, name, args[0] === '--' ? args.slice(1) : args, depth + 1);
  return program === 'npm' ? [[program, ...rest]] : unwrap(found, [verb, ...more], depth + 1);
}

/** What comes behind options and variables. */
function afterOptions(words: readonly string[]): string[] {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return words.slice(at + 1);
    if (VALUED.has(word)) at++;
    else if (!word.startsWith('-') && !/^[A-Za-z_]\w*=/.test(word)) break;
  }
  return words.slice(at);
}

/** `node_modules/knex/bin/cli.js`, `./node_modules/.bin/knex` and `knex@3` are knex. */
function programOf(word: string): string {
  const [, own] = /(?:^|\/)node_modules\/(?!\.bin\/)((?:@[^/]+\/)?[^/]+)\//.exec(word) ?? [];
  if (own !== undefined) return own;
  return word
    .replace(/^.*\//, '')
    .replace(/(?<=.)@[^@/]*$/, '')
    .replace(/\.(cmd|exe)$/, '');
}
