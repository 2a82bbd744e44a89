import { Text } from 'ink';
import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import { fit, take, width } from '../../text/width.ts';
import { type InkTable, loadInkTable } from './ink-table.ts';

/** ink-table's own padding on either side of a cell. */
const PADDING = 1;

const ASCII: Readonly<Record<string, string>> = { '│': '|', '─': '-' };

interface CellProps {
  readonly children?: ReactNode;
  /** Absent for what stands between the cells. */
  readonly column?: number;
}

let loaded: { readonly component: InkTable } | undefined;

/** Loads what draws tables, once: a table that is shown afterwards has its rows in its first frame. */
export async function preloadTable(): Promise<{ readonly component: InkTable }> {
  loaded ??= { component: await loadInkTable() };
  return loaded;
}

/** A small table that does not change: the outcome of something. The texts have been cleaned. */
export function ResultTable({
  titles,
  rows,
  ascii = false,
}: {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Its frame is drawn with ASCII characters. */
  readonly ascii?: boolean;
}): ReactElement {
  const [Table, setTable] = useState(loaded);
  useEffect(() => {
    let shown = true;
    void preloadTable().then((table) => {
      if (shown) setTable(table);
    });
    return () => {
      shown = false;
    };
  }, []);
  if (!Table) return <Text> </Text>;
  const cells = titles.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
  // two columns may have one title, and numbers as keys would change places
  const keys = titles.map((_, i) => `c${i}`);
  const data = rows.map((row) =>
    Object.fromEntries(keys.map((key, i) => [key, fit(row[i] ?? '', cells[i] ?? 0)])),
  );
  const room = (column: number) => (cells[column] ?? 0) + 2 * PADDING;
  // it measures by String.length, one short for every wide character of a row: every cell is cut to its own width
  const cell = ({ children, column = 0 }: CellProps) => {
    return <Text>{take(String(children), room(column))}</Text>;
  };
  const header = ({ column = 0 }: CellProps) => (
    <Text bold>{` ${fit(titles[column] ?? '', room(column) - 1)}`}</Text>
  );
  const skeleton = ({ children, column }: CellProps) => {
    const text = String(children);
    const sign = ascii ? (ASCII[text[0] ?? ''] ?? '+') : text;
    return <Text dimColor>{column === undefined ? sign : (sign[0] ?? '').repeat(room(column))}</Text>;
  };
  const parts = { columns: keys, cell, header, skeleton };
  // it keeps the parts that it was made with: another table in its place is made anew
  return <Table.component key={JSON.stringify([titles, cells])} data={data} {...parts} />;
}
