import type { Notice } from '../session.ts';

export type DriverRow = Record<string, unknown>;

/** The answer to one statement. */
export interface Answered {
  readonly rows: DriverRow[];
  readonly fields: { name: string; dataTypeID: number }[];
  /** The word that the server says of it: `INSERT`; null where there was nothing. */
  readonly command?: string | null;
  readonly rowCount?: number | null;
}

/** What is used of the driver's client. */
export interface DriverClient {
  query(config: { text: string; values?: unknown[]; name?: string; queryMode?: string }): Promise<Answered>;
  /** A text of several statements has several answers. */
  query(text: string): Promise<Answered | Answered[]>;
  /** `I`, `T` or `E`: outside of a transaction, in one, in one that has failed. */
  getTransactionStatus(): string | null;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'notice', listener: (notice: Partial<Notice>) => void): unknown;
  end(): Promise<void>;
}
