import { docker } from '../../hosts/docker/docker.ts';
import { cleanLine } from '../../text/clean.ts';

/** What a container is at, in a sentence; undefined where it cannot be told. */
export async function stateText(container: string): Promise<string | undefined> {
  const format = '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}';
  const asked = await docker(['container', 'inspect', '--format', format, container]).catch(() => undefined);
  const [, status, code, said = ''] = /^(\w+) (\d+) ?(.*)$/m.exec(asked?.stdout ?? '') ?? [];
  if (asked?.exitCode !== 0 || status === undefined) return undefined;
  const ended = status === 'exited' ? ` with exit code ${code}` : '';
  return `The container ${container} is ${status}${ended}${said === '' ? '' : `: ${cleanLine(said)}`}.`;
}

/** The signal that docker stops a container with. */
export async function stopSignal(container: string): Promise<string> {
  const format = '{{.Config.StopSignal}}';
  const { stdout } = await docker(['container', 'inspect', '--format', format, container]);
  return stdout.trim() || 'SIGTERM';
}

/** What a container has written last, both streams; empty where it cannot be told. */
export async function containerLog(container: string, lines: number): Promise<string[]> {
  const asked = await docker(['logs', '--tail', String(lines), container]).catch(() => undefined);
  if (asked?.exitCode !== 0) return [];
  return `${asked.stdout}\n${asked.stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .map(cleanLine);
}
