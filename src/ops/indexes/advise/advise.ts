import type { Node } from 'libpg-query';
import { fullName } from '../../../db/ident.ts';
import {
  isOwnStatement,
  STATEMENT_CHARS,
  statementCounters,
  statementTexts,
} from '../../../db/queries/statements.ts';
import type { Session } from '../../../db/session.ts';
import { eachInside, strings } from '../../sql/ast.ts';
import { loadParser, type Parser } from '../../sql/parser.ts';
import { searchPaths } from '../queries/workload.ts';
import { type Asker, type Candidate, merged, wishesFor } from './candidates.ts';
import { type Catalog, readCatalog, schemasOf } from './catalog.ts';
import { isWorthIt, type Trial, tried, untriable } from './trial.ts';
import { wishesOf } from './walk.ts';

export interface Advised extends Candidate {
  readonly trial: Trial;
}

/** What the statements of a server lack, and how much of them was read. */
export interface WorkloadAdvice {
  readonly candidates: readonly Advised[];
  readonly statements: {
    /** Of this database, without pgdeck's own. */
    readonly read: number;
    /** Cut off, no SQL that the parser knows, or hidden from this role. */
    readonly unread: number;
    /** Not come to within the time. */
    readonly late: number;
  };
  /** Names that are not there by the search_path of who runs it, and views. */
  readonly unresolved: readonly string[];
  /** Tables that somebody has locked: what indexes they have could not be read. */
  readonly locked: readonly string[];
  /** Candidates that made their statement no cheaper when they were tried. */
  readonly useless: number;
}

export interface AdviseOptions {
  /** Oids of the tables that are asked for; undefined: all. */
  readonly tables?: ReadonlySet<number> | undefined;
  /** The role's own search_path, as the server has it for roles without one. */
  readonly path: string;
  /** Called now and then with how many of how many statements were read. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Seconds for reading, and as many for trying. */
  readonly seconds?: number;
}

/** As many as pg_stat_statements keeps by default. */
const STATEMENTS = 5_000;
/** Texts that are asked for at a time. */
const TEXTS = 1_000;
const SECONDS = 20;
const TOLD_EVERY = 1_000;
/** Candidates that are tried: the dearest. */
const TRIED = 40;

/** Reads pg_stat_statements and looks for indexes that are not there. Throws DbError. */
export async function adviseOnWorkload(session: Session, options: AdviseOptions): Promise<WorkloadAdvice> {
  const { seconds = SECONDS } = options;
  const parser = await loadParser();
  const { askers, unread } = await readAskers(session, options.path);
  const read = await candidatesOf(session, parser, askers, options);
  const { candidates, useless } = await triedOut(session, read.candidates, seconds);
  return {
    candidates,
    statements: { read: read.read, unread: unread + read.broken, late: read.late },
    unresolved: read.unresolved,
    locked: read.locked,
    useless,
  };
}

/** What these statements lack, the dearest first. Throws DbError. */
export async function candidatesOf(
  session: Session,
  parser: Parser,
  askers: readonly Asker[],
  {
    tables,
    seconds = SECONDS,
    onProgress = () => {},
  }: Pick<AdviseOptions, 'tables' | 'seconds' | 'onProgress'> = {},
) {
  const until = performance.now() + seconds * 1000;
  const trees: { asker: Asker; tree: Node }[] = [];
  let broken = 0;
  let late = 0;
  for (const [at, asker] of askers.entries()) {
    if (at > 0 && at % TOLD_EVERY === 0) onProgress(at, askers.length);
    if (performance.now() > until) {
      late = askers.length - at;
      break;
    }
    const tree = treeOf(parser, asker.text);
    if (tree === undefined) broken++;
    else trees.push({ asker, tree });
  }
  const catalog = await readCatalog(session, parser, namesIn(trees.map(({ tree }) => tree)));
  const { wishes, unresolved, locked } = wishesIn(trees, catalog, tables);
  return {
    ...{ candidates: merged(wishes), read: trees.length, broken, late },
    unresolved: [...unresolved].sort(),
    locked: [...locked].sort(),
  };
}

/** The statements of this database, the dearest first. */
async function readAskers(session: Session, path: string): Promise<{ askers: Asker[]; unread: number }> {
  const { databaseOid } = session.server;
  const counted = (await session.run(statementCounters, { limit: STATEMENTS })).filter(
    ({ dbid }) => dbid === databaseOid,
  );
  const ids = [...new Set(counted.flatMap(({ queryid }) => queryid ?? []))];
  const texts = new Map<string, string | null>();
  for (let at = 0; at < ids.length; at += TEXTS)
    for (const { queryid, query } of await session.run(statementTexts, { ids: ids.slice(at, at + TEXTS) }))
      texts.set(queryid, query);
  const roles = await session.run(searchPaths, { oids: [...new Set(counted.map(({ userid }) => userid))] });
  const paths = new Map(roles.map((one) => [one.oid, schemasOf(one.path ?? path, one.role)]));
  let unread = 0;
  const askers = counted.flatMap(({ queryid, userid, calls, total_exec_ms }): Asker[] => {
    const text = queryid === null ? null : (texts.get(queryid) ?? null);
    if (isOwnStatement(text)) return [];
    if (queryid === null || text === null || text.length >= STATEMENT_CHARS) {
      unread++;
      return [];
    }
    return [
      { queryid, text, calls, total_ms: total_exec_ms, path: paths.get(userid) ?? schemasOf(path, '') },
    ];
  });
  return { askers, unread };
}

function treeOf(parser: Parser, text: string): Node | undefined {
  try {
    const [only, ...more] = parser.parse(text).stmts ?? [];
    return more.length === 0 ? only?.stmt : undefined;
  } catch {
    // a newer server's syntax, or a text of a utility that was normalised
    return undefined;
  }
}

function namesIn(trees: readonly Node[]): { names: Set<string>; functions: Set<string> } {
  const names = new Set<string>();
  const functions = new Set<string>();
  for (const tree of trees) {
    eachInside(tree, 'RangeVar', ({ relname }) => names.add(relname ?? ''));
    eachInside(tree, 'FuncCall', ({ funcname }) => functions.add(strings(funcname).at(-1) ?? ''));
    // the table of UPDATE, DELETE and INSERT stands there without a word of its kind
    for (const [, one] of Object.entries(tree)) {
      const { relation } = one as { relation?: { relname?: string } };
      if (relation?.relname !== undefined) names.add(relation.relname);
    }
    eachInside(tree, 'CommonTableExpr', ({ ctequery }) => {
      for (const one of ctequery === undefined ? [] : Object.values(ctequery)) {
        const { relation } = one as { relation?: { relname?: string } };
        if (relation?.relname !== undefined) names.add(relation.relname);
      }
    });
  }
  return { names, functions };
}

function wishesIn(
  trees: readonly { readonly asker: Asker; readonly tree: Node }[],
  catalog: Catalog,
  tables: ReadonlySet<number> | undefined,
) {
  const unresolved = new Set<string>();
  const locked = new Set<string>();
  const wishes = trees.flatMap(({ asker, tree }) => {
    const found = wishesOf(tree, catalog, asker.path);
    for (const name of found.unresolved) unresolved.add(name);
    return found.usages
      .filter(({ table }) => tables === undefined || tables.has(table.oid))
      .flatMap((usage) => {
        const found = wishesFor(usage);
        const { table } = usage;
        if (!table.locked) return found.map((wish) => ({ wish, asker }));
        if (found.length > 0) locked.add(fullName(table.schema, table.name));
        return [];
      });
  });
  return { wishes, unresolved, locked };
}

async function triedOut(
  session: Session,
  candidates: readonly Candidate[],
  seconds: number,
): Promise<{ candidates: Advised[]; useless: number }> {
  const not = candidates.length === 0 ? undefined : await untriable(session);
  const until = performance.now() + seconds * 1000;
  const found: Advised[] = [];
  const locked = new Map<string, string>();
  let useless = 0;
  for (const [at, candidate] of candidates.entries()) {
    const reason = not ?? (at >= TRIED || performance.now() > until ? 'others came first' : undefined);
    const trial =
      reason === undefined
        ? await tried(session, candidate, { locked, rivals: found })
        : ({ status: 'not_tested', reason } as const);
    if (trial !== undefined && isWorthIt(trial)) found.push({ ...candidate, trial });
    else useless++;
  }
  return { candidates: found, useless };
}

/** Columns of an index that a candidate would be, for who creates it. */
export function columnsOf({ keys }: Candidate): string[] {
  return keys.map(({ sql }) => sql);
}
