import type { Command } from 'commander';
import { fieldsText, KINDS_TEXT } from '../../app/views/fields.ts';
import { SHOWN } from '../../app/views/registry.ts';
import { createContext } from '../../cli/context.ts';
import { complete } from '../../cli/operation.ts';
import { pathOf } from '../../cli/program/usage.ts';
import { buildProgram } from '../../cli/program.ts';
import type { Danger } from '../../ops/engine/plan.ts';
import { OPERATIONS } from '../../ops/registry.ts';
import { GRAMMAR } from '../../text/filter/filter.ts';

/** A word of a command line and what it is. */
export interface Term {
  readonly term: string;
  readonly text: string;
}

/** A command that does something, as the help of it has it. */
export interface CommandPage {
  /** `pgdeck backups list`. */
  readonly name: string;
  readonly summary: string;
  /** What it wants before it does anything, such as `a yes`; undefined where that is nothing. */
  readonly asks: string | undefined;
  /** `pgdeck restore [options] [backup]`. */
  readonly usage: string;
  readonly terms: readonly Term[];
}

export interface Reference {
  readonly summary: string;
  /** The options that every command takes. */
  readonly globals: readonly Term[];
  readonly commands: readonly CommandPage[];
}

/** What an operation of this danger wants before it begins. */
export const ASKS: Readonly<Record<Danger, string | undefined>> = {
  none: undefined,
  confirm: 'a yes',
  'type-name': 'the name, typed',
};

/** Every command with what it takes, from the command tree itself. */
export async function readReference(): Promise<Reference> {
  const context = createContext({});
  const program = buildProgram(context);
  const commands: CommandPage[] = [];
  const visit = async (command: Command): Promise<void> => {
    const id = pathOf(command).split(' ').slice(1).join(' ');
    const entry = OPERATIONS.find((one) => one.id === id);
    if (entry !== undefined) await complete(command, await entry.load(), context);
    const inner = command
      .createHelp()
      .visibleCommands(command)
      .filter((one) => one.name() !== 'help');
    // a word that only others stand behind is explained by them
    if (
      command !== program &&
      (inner.length === 0 || entry !== undefined || command.registeredArguments.length > 0)
    )
      commands.push(pageOf(command, entry && ASKS[entry.danger]));
    for (const one of inner) await visit(one);
  };
  await visit(program);
  return { summary: program.description(), globals: optionsOf(program), commands };
}

function pageOf(command: Command, asks: string | undefined): CommandPage {
  const help = command.createHelp();
  const name = pathOf(command);
  const views = name === 'pgdeck show' ? SHOWN.map(({ id }) => id).join(', ') : undefined;
  const words = help.visibleArguments(command).map(
    (argument): Term => ({
      term: argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
      text: views ?? help.argumentDescription(argument),
    }),
  );
  return {
    name,
    summary: command.description(),
    asks,
    usage: `${name} ${command.usage()}`,
    terms: [...words, ...optionsOf(command), ...(name === 'pgdeck show' ? filterTerms() : [])],
  };
}

/** What --filter takes: how terms are written, and the fields of each view. */
function filterTerms(): Term[] {
  return [
    ...GRAMMAR.map(([term, text]) => ({ term, text: `In a filter: ${text}.` })),
    ...SHOWN.map((view) => ({ term: `${view.id}`, text: `Its fields, ${KINDS_TEXT}: ${fieldsText(view)}` })),
  ];
}

function optionsOf(command: Command): Term[] {
  const help = command.createHelp();
  return help.visibleOptions(command).map((option) => ({
    term: help.optionTerm(option),
    text: help.optionDescription(option),
  }));
}
