import { createRequire } from 'node:module';
import * as ink from 'ink';
import type { ComponentType, ReactNode } from 'react';

type TextRow = Readonly<Record<string, string>>;

/** What of ink-table's interface is used. */
export type InkTable = ComponentType<{
  readonly data: TextRow[];
  readonly cell: (props: { readonly children?: ReactNode; readonly column: number }) => ReactNode;
  readonly header: (props: { readonly children?: ReactNode }) => ReactNode;
}>;

declare const PGDECK_VERSION: string | undefined;

/**
 * Loads ink-table when a table is first shown.
 *
 * ink-table 3.1.0 is CommonJS and asks for ink with require(), which cannot load a module that awaits at its top
 * level (maticzav/ink-table#258). The bundle resolves that at build time (rolldown.config.mjs); run from its sources,
 * the ink that is loaded already is put where require() looks first.
 */
export async function loadInkTable(): Promise<InkTable> {
  if (typeof PGDECK_VERSION === 'undefined') {
    const require = createRequire(import.meta.url);
    const path = require.resolve('ink');
    const loaded = { id: path, filename: path, path, loaded: true, exports: ink, children: [], paths: [] };
    require.cache[path] = loaded as unknown as NodeJS.Module;
  }
  const module: { default: unknown } = await import('ink-table');
  // a default export of CommonJS, seen through one or two interop layers
  const exported = module.default as InkTable | { default: InkTable };
  return 'default' in exported ? exported.default : exported;
}
