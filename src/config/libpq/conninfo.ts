import { UsageError } from '../usage-error.ts';

/** Connection parameters by libpq's keyword. */
export type Params = Partial<Record<Keyword, string>>;

/** Keywords that pgdeck acts on. */
const USED = [
  'host',
  'hostaddr',
  'port',
  'user',
  'dbname',
  'password',
  'passfile',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'service',
  'connect_timeout',
] as const;
export type Keyword = (typeof USED)[number];

/** Keywords of libpq that have no meaning here; accepted, so that a string that works for psql works. */
const IGNORED = new Set([
  'application_name',
  'channel_binding',
  'client_encoding',
  'fallback_application_name',
  'gssdelegation',
  'gssencmode',
  'gsslib',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'krbsrvname',
  'load_balance_hosts',
  'max_protocol_version',
  'min_protocol_version',
  'options',
  'replication',
  'require_auth',
  'requirepeer',
  'servicefile',
  'ssl_max_protocol_version',
  'ssl_min_protocol_version',
  'sslcertmode',
  'sslcompression',
  'sslcrl',
  'sslcrldir',
  'sslkeylogfile',
  'sslnegotiation',
  'sslsni',
  'target_session_attrs',
  'tcp_user_timeout',
]);

/** True for what libpq's `dbname` takes as a whole connection string instead of a name. */
export function isConnectionString(dbname: string): boolean {
  return isUrl(dbname) || dbname.includes('=');
}

/** A connection string of either form. Throws {@link UsageError}, which never quotes the string. */
export function parseConnectionString(text: string): Params {
  return isUrl(text) ? parseUrl(text) : parseConninfo(text);
}

function isUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text);
}

/** Adds one parameter, as libpq would take it. `where` says in errors what was being read. */
export function setParam(params: Params, key: string, value: string, where: string): void {
  if ((USED as readonly string[]).includes(key)) {
    params[key as Keyword] = value;
    return;
  }
  if (!IGNORED.has(key)) throw new UsageError(`${where} has the unknown parameter "${key}".`);
}

/** `postgresql://user:password@host:port/database?parameters`. Throws {@link UsageError}. */
export function parseUrl(url: string): Params {
  const bad = (what: string) =>
    new UsageError(`The connection URL ${what}.`, 'Write postgres://user@host:5432/database.');
  // not the URL class: it refuses socket directories and several hosts, and it quotes passwords in its errors
  const match = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url);
  if (!match) throw bad(isUrl(url) ? 'is not well formed' : 'does not begin with postgres://');
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw bad('has a % that is not followed by two hexadecimal digits');
    }
  };
  const [, login = '', address = '', database = '', query = ''] = match;
  const params: Params = {};
  const put = (key: Keyword, value: string | undefined) => {
    if (value) params[key] = decode(value);
  };
  const colon = login.indexOf(':');
  put('user', colon < 0 ? login : login.slice(0, colon));
  put('password', colon < 0 ? undefined : login.slice(colon + 1));
  // half of a password would be taken for the host and shown in errors
  if (address.includes('@')) throw bad('has an @ in the user or password that must be written as %40');
  if (address.includes(',')) {
    params.host = address;
  } else {
    const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(address);
    if (!parts) throw bad('has no valid host and port');
    put('host', parts[1] ?? parts[2]);
    put('port', parts[3]);
  }
  put('dbname', database);
  for (const pair of query.split('&').filter(Boolean)) {
    const equals = pair.indexOf('=');
    // not quoted: after a ? that was not encoded it may be half of a password
    if (equals < 0) throw bad('has a parameter without a value');
    const [key, value] = [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    // JDBC habit that libpq takes as well
    if (key === 'ssl' && value === 'true') params.sslmode = 'require';
    else setParam(params, key, value, 'The connection URL');
  }
  return params;
}

/** `host=… dbname='…'`: values may be quoted, `\'` and `\\` are escapes. Throws {@link UsageError}. */
export function parseConninfo(text: string): Params {
  const params: Params = {};
  const pair = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?)(?=\s|$)\s*/gsy;
  let at = 0;
  while (at < text.length) {
    pair.lastIndex = at;
    const match = pair.exec(text);
    if (!match) {
      if (text.slice(at).trim() === '') break;
      throw new UsageError(
        'The connection string is not well formed.',
        `Write host=… port=… user=… dbname=…, with quotes round a value that has spaces.`,
      );
    }
    const [, key = '', quoted, plain = ''] = match;
    setParam(params, key, (quoted ?? plain).replace(/\\(.)/gs, '$1'), 'The connection string');
    at = pair.lastIndex;
  }
  return params;
}
