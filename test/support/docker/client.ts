import type { RunResult } from '../../../src/hosts/host.ts';
import { run } from '../../../src/hosts/local.ts';

/** Runs docker against the suite's daemon, whatever comes of it. */
export function docker(args: readonly string[], input?: string): Promise<RunResult> {
  return run('docker', args, input === undefined ? {} : { input });
}

/** Runs docker; throws with what it said where it fails. */
export async function dockerOk(args: readonly string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await docker(args, input);
  if (exitCode !== 0) throw new Error(`docker ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
  return stdout.trim();
}
