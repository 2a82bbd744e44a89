import { z } from 'zod';
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
export function findPackage(directory: string): Package | undefined {
  const root = projectRoot(directory, (at) => textOf(at, 'package.json') !== undefined);
  if (root === undefined) return undefined;
  try {
    return { root, ...schema.parse(JSON.parse(textOf(root, 'package.json') ?? '')) };
  } catch {
    return undefined;
  }
}

export function dependsOn({ dependencies, devDependencies }: Package, name: string): boolean {
  return Object.hasOwn(dependencies, name) || Object.hasOwn(devDependencies, name);
}
