import { z } from 'zod';
import { cleanLine } from '../../text/clean.ts';
import { type Cluster, kubectl } from './kubectl.ts';
import { type Pod, parsed } from './pod.ts';

/** Lines of the log that are shown of a server that is down. */
const LINES = 5;
const EVENTS = 4;

/** Reasons of a container that waits, as people know them. */
const WAITS: Readonly<Record<string, string>> = {
  CrashLoopBackOff: 'is crash-looping',
  ImagePullBackOff: 'waits for its image, which cannot be fetched',
  ErrImagePull: 'waits for its image, which cannot be fetched',
  CreateContainerConfigError: 'is not started, its configuration is wrong',
  ContainerCreating: 'is being created',
  PodInitializing: 'is being prepared by its init containers',
};

/** What keeps a pod from serving, in a sentence without what it said; undefined where its container runs. */
export function troubleOf(pod: Pod): string | undefined {
  const { name, phase, waiting, ended, restarts, trouble } = pod;
  if (pod.leaving) return `${name} is being deleted.`;
  const again = restarts > 0 ? `, restarted ${restarts} time${restarts === 1 ? '' : 's'}` : '';
  if (waiting !== undefined) {
    const what = waitText(pod) ?? `does not run (${cleanLine(waiting.reason) || 'no reason given'})`;
    const said = waiting.reason === 'CrashLoopBackOff' ? '' : cleanLine(waiting.message);
    return `${name} ${what}${again}${endText(ended)}${said === '' ? '' : `: ${said}`}.`;
  }
  if (pod.running) return pod.ready ? undefined : `${name} runs and is not ready${again}${endText(ended)}.`;
  if (phase === 'Pending')
    return `${name} is not placed yet${trouble === undefined ? '' : `: ${cleanLine(trouble)}`}.`;
  if (ended !== undefined) return `${name} has ended${again}${endText(ended)}.`;
  return `${name} does not run: it is ${phase}${trouble === undefined ? '' : `, ${cleanLine(trouble)}`}.`;
}

/** What it is at while it waits, as people say it: `is crash-looping`. */
export const waitText = ({ waiting }: Pod): string | undefined => WAITS[waiting?.reason ?? ''];

function endText(ended: Pod['ended']): string {
  if (ended === undefined) return '';
  const reason = cleanLine(ended.reason);
  const why = reason === '' || reason === 'Error' ? '' : `, ${reason}`;
  return `, last with exit code ${ended.exitCode}${why}`;
}

/** The last lines that its container wrote, of the run before where the present one has said nothing. Never rejects. */
export async function lastWords(cluster: Cluster, { name, container, restarts }: Pod): Promise<string[]> {
  const words = ['logs', name, '-c', container, `--tail=${LINES}`];
  const ways = restarts > 0 ? [words, [...words, '--previous']] : [words];
  for (const way of ways) {
    const said = await kubectl(cluster, way).catch(() => undefined);
    const lines = said?.exitCode === 0 ? linesOf(said.stdout) : [];
    if (lines.length > 0) return lines;
  }
  return [];
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map(cleanLine)
    .filter((line) => line.trim() !== '')
    .slice(-LINES);

const eventsSchema = z.object({
  items: z.array(
    z.object({
      type: z.string().default('Normal'),
      reason: z.string().default(''),
      message: z.string().default(''),
      count: z.number().nullish(),
      lastTimestamp: z.string().nullish(),
      eventTime: z.string().nullish(),
    }),
  ),
});

/** The last warnings of the cluster about it, the newest first. Never rejects. */
export async function warningsOf(cluster: Cluster, { name, uid }: Pod): Promise<string[]> {
  const selector = `involvedObject.name=${name},involvedObject.uid=${uid}`;
  const said = await kubectl(cluster, ['get', 'events', '--field-selector', selector, '-o', 'json']).catch(
    () => undefined,
  );
  if (said?.exitCode !== 0) return [];
  try {
    const { items } = parsed(eventsSchema, said.stdout);
    const at = (one: (typeof items)[number]) => one.lastTimestamp ?? one.eventTime ?? '';
    return items
      .filter(({ type }) => type === 'Warning')
      .toSorted((a, b) => at(b).localeCompare(at(a)))
      .slice(0, EVENTS)
      .map(({ reason, message, count }) =>
        cleanLine(`${reason}: ${message}${count != null && count > 1 ? ` (${count} times)` : ''}`),
      );
  } catch {
    return [];
  }
}
