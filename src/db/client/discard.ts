import type { CopyQueryClass } from './copy.ts';
import type { Answered, DriverClient } from './driver.ts';

/** A query of the driver whose rows are ours to take. */
interface RowQuery {
  handleDataRow(message: unknown): void;
}

/**
 * Runs a text whose rows nobody reads: they are dropped as they come, whatever they are, so that a SELECT of millions
 * takes no memory. Throws what the driver throws.
 */
export function withoutRows(client: DriverClient, Query: CopyQueryClass, text: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const query = new Query({ text }, undefined, (error, answer) => {
      if (error) reject(error);
      else resolve(answer ?? { rows: [], fields: [] });
    });
    // the driver would keep every row for its callback
    (query as unknown as RowQuery).handleDataRow = () => {};
    void client.query(query as never);
  });
}
