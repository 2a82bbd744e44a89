import type { TestProject } from 'vitest/node';
import { startDaemon } from './start.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A docker daemon of this suite's own, or why there is none. */
    docker: { readonly socket: string } | { readonly reason: string };
  }
}

/** The daemon of the whole run. With CI=true there must be one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  try {
    const { socket, stop } = await startDaemon();
    project.provide('docker', { socket });
    return stop;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`Tests in containers are skipped: ${reason}`);
    project.provide('docker', { reason });
    return undefined;
  }
}
