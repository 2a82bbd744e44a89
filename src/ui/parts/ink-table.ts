import { createRequire } from 'node:module';
import * as ink from 'ink';
import type { Component, ComponentType, ReactNode } from 'react';

type TextRow = Readonly<Record<string, string>>;

type TablePart = (props: { readonly children?: ReactNode; readonly column?: number }) => ReactNode;

/** What of ink-table's interface is used. */
interface Props {
  readonly data: TextRow[];
  readonly columns: string[];
  readonly cell: TablePart;
  readonly header: TablePart;
  readonly skeleton: TablePart;
}

export type InkTable = ComponentType<Props>;

/** Its class, with what draws the line above each row. */
type TableClass = new (
  props: Props,
) => Component<Props> & { separator: (row: { readonly key: string }) => ReactNode };

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
  const exported = module.default as TableClass | { default: TableClass };
  return withoutLines('default' in exported ? exported.default : exported);
}

/** A line below the heading only: one between any two rows would take half of a small terminal. */
function withoutLines(Table: TableClass): InkTable {
  return class extends Table {
    constructor(props: Props) {
      super(props);
      const line = this.separator;
      // the keys end with the number of the row
      this.separator = (row) => (row.key.endsWith('-0') ? line(row) : null);
    }
  };
}
