import { Command, type ErrorOptions } from 'commander';
import { UsageError } from '../../config/usage-error.ts';
import { nearest } from '../../ops/relations/names.ts';
import { wordSaid } from '../../text/url.ts';

/** A command that says what is wrong with its words as {@link UsageError}: a sentence and the next step. */
export class UsageCommand extends Command {
  override createCommand(name?: string): Command {
    return new UsageCommand(name);
  }

  /** What commander calls for every mistake. Its message names the mistake, the command knows what would be right. */
  override error(message: string, { code = '' }: ErrorOptions = {}): never {
    const path = pathOf(this);
    const name = nameOf(this);
    const more = `${path} --help tells more.`;
    const quoted = [...message.matchAll(/'([^']*)'/g)].map(([, text = '']) => text);
    const [first = '', second = ''] = quoted;
    switch (code) {
      case 'commander.missingArgument': {
        const argument = this.registeredArguments.find((one) => one.name() === first);
        throw new UsageError(`${name} needs <${first}>${meaning(argument?.description)}.`, more);
      }
      case 'commander.missingMandatoryOptionValue':
        throw new UsageError(`${name} needs ${long(first)}${meaning(optionOf(this, first))}.`, more);
      case 'commander.optionMissingArgument':
        throw new UsageError(`${long(first)} needs its value${meaning(optionOf(this, first))}.`, more);
      case 'commander.unknownOption': {
        throwNoCommand(this);
        const [, likely] = /\(Did you mean (.*)\?\)/.exec(message) ?? [];
        const next = likely ? `Did you mean ${likely}?` : `${path} --help lists them.`;
        // what was meant as its value may be a secret
        throw new UsageError(`${name} has no option ${wordSaid(first.replace(/=.*$/s, ''))}.`, next);
      }
      case 'commander.conflictingOption':
        throw new UsageError(`${long(first)} and ${long(second)} do not go together.`, 'Give one of them.');
      case 'commander.invalidArgument': {
        const [, expected = more] = /is invalid[^.]*\. (.*)$/s.exec(message) ?? [];
        const option = /^error: option '([^']*)' argument '(.*)' is invalid/s.exec(message);
        const argument = /value '(.*)' is invalid for argument '([^']*)'/s.exec(message);
        const [what, value] = option
          ? [long(option[1] ?? ''), option[2]]
          : [`<${argument?.[2]}>`, argument?.[1]];
        throw new UsageError(`"${wordSaid(value ?? '')}" will not do for ${what}.`, expected);
      }
      case 'commander.unknownCommand':
        throw noCommand(this);
      case 'commander.excessArguments':
        throwNoCommand(this);
        throw excess(this);
      default:
        throw new UsageError(message.replace(/^error: /, ''), more);
    }
  }
}

/** That a word is no command, with those that are likely to be meant. */
export function noCommand(parent: Command, word = parent.args[0] ?? ''): UsageError {
  const names = parent.commands.map((command) => command.name());
  // `pgdeck verify` for `pgdeck backups verify`
  const below = parent.commands.flatMap((command) =>
    command.commands.filter((inner) => inner.name() === word && word !== 'help').map(pathOf),
  );
  const path = pathOf(parent);
  const likely = [...below, ...nearest(word, names).map((name) => `${path} ${name}`)];
  return new UsageError(
    `There is no command "${parent.parent ? `${nameOf(parent)} ` : ''}${wordSaid(word)}".`,
    likely.length > 0 ? `Did you mean ${either(likely)}?` : `${path} --help lists them.`,
  );
}

/** Throws {@link noCommand} where a word was meant as a command and came to one that takes what is none. */
function throwNoCommand(command: Command): void {
  const above = command.parent ?? command;
  const [word = '-'] = above.args;
  if (!word.startsWith('-') && (above === command || word !== command.name())) throw noCommand(above);
}

function excess(command: Command): UsageError {
  const { args, registeredArguments } = command;
  const most = registeredArguments.length;
  const takes = most === 0 ? 'no argument' : most === 1 ? 'one argument' : `${most} arguments`;
  return new UsageError(
    `${nameOf(command)} takes ${takes}, and "${wordSaid(args[most] ?? '')}" is one too many.`,
    `${pathOf(command)} --help tells more.`,
  );
}

/** The words that call a command: `pgdeck backups show`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** As a sentence calls it: `backups show`, or pgdeck itself. */
function nameOf(command: Command): string {
  return command.parent ? pathOf(command).replace(/^\S+ /, '') : command.name();
}

/** `--host <host>` of `-h, --host <host>`. */
function long(flags: string): string {
  return flags.replace(/^-\w, /, '');
}

function optionOf(command: Command, flags: string): string | undefined {
  for (let at: Command | null = command; at; at = at.parent) {
    const option = at.options.find((one) => one.flags === flags);
    if (option) return option.description;
  }
  return undefined;
}

/** What its help says of it, without the default. */
function meaning(text: string | undefined): string {
  return text ? `: ${text.replace(/ \(default: .*\)$/, '')}` : '';
}

function either(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
