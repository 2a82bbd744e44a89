import { Text } from 'ink';
import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import { fit, take, width } from '../../text/width.ts';
import { type InkTable, loadInkTable } from './ink-table.ts';

/** ink-table's own padding on either side of a cell. */
const PADDING = 1;

/** A small table that does not change: the outcome of something. The texts have been cleaned. */
export function ResultTable({
  titles,
  rows,
}: {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}): ReactElement {
  const [Table, setTable] = useState<{ component: InkTable }>();
  useEffect(() => {
    let shown = true;
    void loadInkTable().then((component) => {
      if (shown) setTable({ component });
    });
    return () => {
      shown = false;
    };
  }, []);
  if (!Table) return <Text> </Text>;
  const cells = titles.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
  const data = rows.map((row) =>
    Object.fromEntries(titles.map((title, i) => [title, fit(row[i] ?? '', cells[i] ?? 0)])),
  );
  // it pads by String.length, one short for every wide character of a row: too much is cut off again
  const cell = ({ children, column }: { readonly children?: ReactNode; readonly column: number }) => (
    <Text>{take(String(children), (cells[column] ?? 0) + 2 * PADDING)}</Text>
  );
  return <Table.component data={data} cell={cell} header={Heading} />;
}

function Heading({ children }: { readonly children?: ReactNode }): ReactElement {
  return <Text bold>{children}</Text>;
}
