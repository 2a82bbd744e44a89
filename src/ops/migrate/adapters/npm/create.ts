import { fileName } from '../../files/create.ts';
import type { Creation, MigrationDirectory, NewMigration } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import { nodeWords } from '../shared/failure.ts';
import { type Command, findProgram, nodeDirectories } from '../shared/programs.ts';
import { toolCallOf } from './calls.ts';
import { commandsOf } from './commands.ts';
import { npmErrors } from './errors.ts';
import { callOf, findProject, type ScriptsProject, toolCallsOf } from './scripts.ts';
import { toolNamed } from './tools.ts';

/** The script for it, else the tool that the scripts call, with what its other calls are given. */
export async function createWithScripts(
  place: MigrationDirectory,
  { name, autogenerate }: NewMigration,
): Promise<Creation> {
  const { host, directory } = place;
  const project = await findProject(host, directory);
  if (project === undefined) throw npmErrors.noProject({ directory });
  if (project.wrong !== undefined) throw npmErrors.badSettings({ why: project.wrong });
  if (autogenerate) throw adapterErrors.noModels({ tool: 'A script' });
  const base = { driver: 'script', cwd: project.cwd, generated: false, words: nodeWords } as const;
  const script = project.scripts.create;
  if (script !== undefined)
    return {
      ...base,
      tool: 'The script',
      command: callOf(project, withName(project, script), { name: fileName(name) }),
    };
  const made = maker(project);
  if (made === undefined) throw npmErrors.noCreate({ root: project.found.root });
  const program = await findProgram(host, made.program, nodeDirectories(place, project.found.root));
  if (program === undefined) throw npmErrors.noProgram({ program: made.program });
  return {
    ...base,
    tool: made.program,
    command: { program, args: [...made.args, ...made.making(fileName(name))] },
  };
}

/** Where the name belongs in a script that does not say. */
function withName(project: ScriptsProject, script: string): string {
  if (script.includes('{name}')) return script;
  const tool = toolCallsOf(project, script).find(({ does }) => does === 'create')?.tool;
  const given = tool === 'sequelize' ? '--name {name}' : '{name}';
  return / -- /.test(script) ? `${script} ${given}` : `${script} -- ${given}`;
}

/** The tool of the script that goes up, with the options that it is given there. */
function maker(
  project: ScriptsProject,
): (Command & { making: (name: string) => readonly string[] }) | undefined {
  const { up, down } = project.scripts;
  for (const text of [up, down]) {
    const [name = '', ...args] = text?.split(/\s+(?:--\s+)?/) ?? [];
    for (const [program = '', ...words] of commandsOf(project.found, name, args)) {
      const making = toolNamed(toolCallOf([program, ...words])?.tool)?.make;
      if (making === undefined) continue;
      const kept = words.flatMap((word, at): string[] => {
        const [option = '', value] = word.split('=');
        if (!making.options.includes(option)) return [];
        const next = words[at + 1];
        return value !== undefined || next === undefined || next.startsWith('-') ? [word] : [word, next];
      });
      return { program, args: kept, making: making.args };
    }
  }
  return undefined;
}
