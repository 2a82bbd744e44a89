/** What health says of a database, as far as the report of a run tells it. */
export interface Verdict {
  readonly status: 'healthy' | 'warning' | 'unhealthy' | 'error';
  /** 0 to 100; null where too little is known. */
  readonly score: number | null;
  /** The worst first, without those that somebody has accepted. */
  readonly findings: readonly VerdictFinding[];
  /** How many checks have no answer. */
  readonly unknown: number;
}

export interface VerdictFinding {
  readonly id: string;
  readonly severity: string;
  readonly title: string;
  /** What mends it: a command, or a sentence. */
  readonly fix: string;
}
