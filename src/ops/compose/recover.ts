import { z } from 'zod';
import { docker } from '../../hosts/docker/docker.ts';
import { recoverBackup } from '../backup/recover.ts';
import { commandText } from '../containers/compose.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan, Step } from '../engine/plan.ts';
import { awaitNew, runCompose } from './steps.ts';

const factsSchema = z.object({
  compose: z
    .object({
      project: z.string(),
      directory: z.string(),
      volumes: z.array(z.string()),
      up: z.object({ command: z.string(), args: z.array(z.string()) }),
    })
    .optional(),
  compose_up: z.boolean().optional(),
});

const SECONDS = 300;

/**
 * What a reset that was killed has left: a project that is down, with its volume or without, and a backup that was not
 * finished. The server need not answer for it. Undefined when there is nothing to do.
 */
export async function recoverReset(run: Run, context: OpContext): Promise<Plan | undefined> {
  const { compose, compose_up } = factsSchema.parse(run.facts);
  const unfinished = await recoverBackup(run);
  const steps: Step[] = [...(unfinished?.steps ?? [])];
  const down = compose !== undefined && compose_up !== true;
  if (down)
    steps.push({
      id: 'up',
      title: `Start the project ${compose.project} and wait for its server`,
      preview: commandText(compose.up),
      run: async (io) => {
        await runCompose(io, context, compose.up, compose.directory);
        io.record({ compose_up: true });
        await awaitNew(io, context, SECONDS);
      },
    });
  if (steps.length === 0) return undefined;
  const volumes = await Promise.all((compose?.volumes ?? []).map(volumeText));
  return {
    operation: 'recover',
    title: `Clean up after ${run.subject}`,
    subject: run.id,
    danger: 'confirm',
    writes: down,
    server: context.place,
    input: { run: run.id },
    facts: [...(unfinished?.facts ?? []), ...volumes.map((value) => ({ label: 'Volume', value }))],
    checks: [],
    steps,
    leaves: () => 'No volume was touched.',
    reaches: () =>
      down
        ? 'The project is up; no volume was touched.'
        : 'The unfinished backup is gone; nothing else was touched.',
  };
}

async function volumeText(name: string): Promise<string> {
  const { exitCode } = await docker(['volume', 'inspect', name]);
  return exitCode === 0
    ? `${name} is there: it was not removed, or is a new one`
    : `${name} was removed; an empty one is made when the project starts, and the backup from before is listed`;
}
