import { z } from 'zod';
import type { Host } from '../../../../hosts/host.ts';
import { projectRoot, textOf } from './programs.ts';

const names = z.record(z.string(), z.string()).catch({});

const schema = z.object({
  scripts: names,
  dependencies: names,
  devDependencies: names,
  packageManager: z.string().optional().catch(undefined),
  pgdeck: z.unknown().optional(),
});

/** What is read of a package.json. */
export interface Package extends z.output<typeof schema> {
  readonly root: string;
}

/** The package that a directory belongs to; undefined when there is none that can be read. */
export async function findPackage(host: Host, directory: string): Promise<Package | undefined> {
  const root = await projectRoot(
    directory,
    async (at) => (await textOf(host, at, 'package.json')) !== undefined,
  );
  if (root === undefined) return undefined;
  try {
    return { root, ...schema.parse(JSON.parse((await textOf(host, root, 'package.json')) ?? '')) };
  } catch {
    return undefined;
  }
}

export function dependsOn({ dependencies, devDependencies }: Package, name: string): boolean {
  return Object.hasOwn(dependencies, name) || Object.hasOwn(devDependencies, name);
}
