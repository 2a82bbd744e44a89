import { z } from 'zod';
import { CommandError, type Host, type RunOptions, type RunResult } from '../../hosts/host.ts';
import { containerErrors } from './errors.ts';

const mountSchema = z.object({
  Type: z.string(),
  /** Of a volume; empty for a directory of the machine. */
  Name: z.string().default(''),
  Source: z.string().default(''),
  Destination: z.string(),
});

/** What is read of `docker inspect`; it has much more. */
const containerSchema = z.object({
  Id: z.string().regex(/^[0-9a-f]{64}$/),
  Name: z.string(),
  Image: z.string(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    StartedAt: z.string(),
    ExitCode: z.int().default(0),
    Error: z.string().default(''),
  }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish(), Image: z.string().default('') }),
  Mounts: z.array(mountSchema).default([]),
});

export type Container = z.output<typeof containerSchema>;

/** How long docker is waited for where it only tells something. */
const ANSWER_MS = 20_000;
/** Of a container with hundreds of labels. */
const MOST = 4 * 1024 ** 2;

/** Runs docker on this machine. Throws {@link ../error.ts OpError} where there is none. */
export async function docker(
  here: Host,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  try {
    return await here.run('docker', args, { timeout: ANSWER_MS, maxOutput: MOST, ...options });
  } catch (error) {
    if (error instanceof CommandError && ['missing', 'denied', 'timeout'].includes(error.kind))
      throw containerErrors.noDocker({ why: error.message }, error);
    throw error;
  }
}

/** What docker knows of a container, by its name or id. Throws {@link ../error.ts OpError}. */
export async function inspectContainer(
  here: Host,
  container: string,
  signal?: AbortSignal,
): Promise<Container> {
  const args = ['inspect', '--type', 'container', '--format', '{{json .}}', container];
  const { exitCode, stdout, stderr } = await docker(here, args, { ...(signal && { signal }) });
  const said = stderr.trim().split('\n').at(-1) ?? '';
  if (exitCode !== 0)
    throw /no such (container|object)/i.test(said)
      ? containerErrors.noContainer({ container, said })
      : containerErrors.noDocker({ why: said });
  return read(containerSchema, stdout, container);
}

/** Something that docker has told as JSON. Throws {@link ../error.ts OpError} for what it is not. */
export function read<Shape extends z.ZodType>(schema: Shape, text: string, what: string): z.output<Shape> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw containerErrors.strange({ what }, error);
  }
}

/** What a container has written last, both streams; empty where it cannot be told. */
export async function containerLog(here: Host, container: string, lines: number): Promise<string[]> {
  const asked = await docker(here, ['logs', '--tail', String(lines), container]).catch(() => undefined);
  if (asked === undefined || asked.exitCode !== 0) return [];
  return `${asked.stdout}\n${asked.stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines);
}
