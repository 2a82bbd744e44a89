import { type IncomingMessage, STATUS_CODES } from 'node:http';

const TEXT_TYPE = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
/** That of the Prometheus text format, as prom-client writes it. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD']);

/** What is served. Neither asks the database server anything. */
export interface Routes {
  readonly health: () => { readonly status: number; readonly body: unknown };
  readonly metrics: () => Promise<string>;
  /** One of them could not be made: a fault of this program. */
  readonly onError?: (path: string, error: unknown) => void;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Nothing of the request is in these: a terminal or a browser may show them. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'This is no HTTP request.',
  401: 'A token is needed: Authorization: Bearer TOKEN.',
  404: 'There are /health and /metrics here.',
  405: 'Only GET and HEAD are answered: a server is changed by the commands of pgdeck, never over HTTP.',
  408: 'The request was not complete within 5 seconds.',
  413: 'The request is too large.',
  500: 'The answer could not be made.',
};

const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer realm="pgdeck"' },
  405: { allow: 'GET, HEAD' },
};

/** An answer that is one sentence. */
export function say(status: number): Answer {
  const headers = { 'content-type': TEXT_TYPE, ...HEADERS[status] };
  return answer(status, headers, `${SENTENCES[status] ?? reasonOf(status)}\n`);
}

/** The answer to a request that is here as a whole. */
export async function answerTo({ method, url = '' }: IncomingMessage, routes: Routes): Promise<Answer> {
  const [path] = url.split('?', 1);
  if (path !== '/health' && path !== '/metrics') return say(404);
  if (!METHODS.has(method)) return say(405);
  try {
    if (path === '/metrics') return answer(200, { 'content-type': METRICS_TYPE }, await routes.metrics());
    const { status, body } = routes.health();
    return answer(status, { 'content-type': JSON_TYPE }, `${JSON.stringify(body)}\n`);
  } catch (error) {
    routes.onError?.(path, error);
    return say(500);
  }
}

function answer(status: number, headers: Answer['headers'], body: string): Answer {
  return { status, reason: reasonOf(status), headers, body };
}

const reasonOf = (status: number): string => STATUS_CODES[status] ?? 'Unknown';
