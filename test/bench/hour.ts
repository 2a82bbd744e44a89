import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RolldownOptions, rolldown } from 'rolldown';
import { local } from '../../src/hosts/local.ts';

/** Memory left after a collection, in MB, after so many ticks of one second. */
export interface Memory {
  readonly tick: number;
  readonly heap: number;
  readonly rss: number;
}

const ROOT = new URL('../../', import.meta.url);
const TICKS = [600, 1200, 3600];

/** Lets an hour pass in which the console samples and draws every second; see {@link file://./soak.tsx}. */
export async function hour(url: string, directory: string): Promise<readonly Memory[]> {
  // Node does not run TSX by itself, and what is measured should be what is shipped
  const { default: config } = (await import(new URL('rolldown.config.mjs', ROOT).href)) as {
    default: RolldownOptions & { output: object };
  };
  const input = { main: fileURLToPath(new URL('soak.tsx', import.meta.url)) };
  const bundle = await rolldown({ ...config, cwd: fileURLToPath(ROOT), input, logLevel: 'silent' });
  await bundle.write({ ...config.output, dir: join(directory, 'soak') });
  await bundle.close();
  const args = ['--expose-gc', join(directory, 'soak', 'main.js'), url, ...TICKS.map(String)];
  const result = await local.run(process.execPath, args, {
    env: { NODE_ENV: 'production', HOME: directory },
    timeout: 300_000,
  });
  if (result.exitCode !== 0) throw new Error(`The hour ended early: ${result.stderr}`);
  return (JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as { memory: Memory[] }).memory;
}
