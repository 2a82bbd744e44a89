import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect } from 'vitest';
import { resolvedFor } from '../../../../src/config/profile.ts';
import { NO_SETTINGS } from '../../../../src/config/settings.ts';
import { connect, type Session } from '../../../../src/db/client.ts';
import { openContext } from '../../../../src/ops/engine/context.ts';
import { leftBehind, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { entryOf } from '../../../../src/ops/registry.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { cleanEnvironment, MAIN } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';
import { type Elsewhere, processesWith } from './place.ts';

/** pg_dump that waits for the lock on {@link HELD}, and a run that sleeps in {@link SLOW}. */
export const LOCKED =
  "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%' AND application_name LIKE 'pgdeck:%'";
export const ASLEEP =
  "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name LIKE 'pgdeck:%'";
/** A table that only pg_dump asks for: it has no rows to be counted. */
export const HELD = 'CREATE TABLE held (id int)';
/** What an index may be made of that takes as long as the setting of a role says. */
export const SLOW = `CREATE FUNCTION slow(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_catalog.pg_sleep(coalesce(nullif(pg_catalog.current_setting('test.slow', true), ''), '0')::float8);
  RETURN t; END $$`;

/** Milliseconds in which everything there must have ended once pgdeck is gone. */
const GONE_MS = 10_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote. */
  readonly said: string;
  /** Commands that it had begun there. */
  readonly commands: number;
}

/** When and how pgdeck is ended from outside. */
export interface Kill {
  /** So many commands were begun there. */
  readonly at: number;
  readonly signal: 'KILL' | 'INT' | 'TERM';
  /** Seconds after the command was begun. */
  readonly after?: number;
}

export interface How {
  readonly kill?: Kill;
  /** It kills itself there. */
  readonly point?: string;
  /** It is killed while docker restarts a container, which stays down. */
  readonly down?: boolean;
}

/** A user whose pgdeck works on a server elsewhere and is ended on the way. */
export class Stage {
  readonly home: string;
  readonly repository: string;
  readonly elsewhere: Elsewhere;
  readonly #bin: string;
  readonly #settings: string;

  constructor(elsewhere: Elsewhere, home: string, database: string, more: object = {}) {
    this.elsewhere = elsewhere;
    this.home = home;
    this.repository = join(home, 'backups');
    this.#bin = join(home, 'bin');
    this.#settings = join(home, 'settings.json');
    mkdirSync(this.#bin);
    mkdirSync(this.repository);
    const { host, port, user } = elsewhere.target();
    const profile = { host, port, user, database, sslmode: 'disable', runs_on: elsewhere.runsOn, ...more };
    writeFileSync(this.#settings, JSON.stringify({ profiles: { shop: profile } }));
    for (const client of ['docker', 'ssh', 'kubectl']) {
      writeFileSync(join(this.#bin, client), CLIENT);
      chmodSync(join(this.#bin, client), 0o755);
    }
  }

  /** Starts pgdeck; `kill` ends it on the way. */
  start(args: readonly string[], { kill, point, down }: How = {}) {
    const count = join(this.home, 'commands');
    for (const path of [count, `${count}.killed`]) rmSync(path, { recursive: true, force: true });
    const env = {
      ...cleanEnvironment(this.home, { PGDECK_CONFIG: this.#settings, BACKUP_DIR: this.repository }),
      PATH: `${this.#bin}${delimiter}${process.env.PATH}`,
      ...(process.env.DOCKER_HOST !== undefined && { DOCKER_HOST: process.env.DOCKER_HOST }),
      ...(point !== undefined && { PGDECK_CRASH_AT: point }),
      CLIENT_COUNT: count,
      ...(down && { CLIENT_DOWN: 'yes' }),
      ...(kill && { CLIENT_KILL: `${kill.at} ${kill.signal} ${kill.after ?? 0}` }),
    };
    const child = spawn(process.execPath, [MAIN, '--profile', 'shop', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += text));
    const ended = once(child, 'close').then(
      ([code, signal]): Ended => ({ code, signal, said, commands: counted(count) }),
    );
    return { child, ended, said: () => said };
  }

  run(args: readonly string[], how: How = {}): Promise<Ended> {
    return this.start(args, how).ended;
  }

  /** In a process of the tests, as the same user. */
  async here<T>(work: (context: OpContext) => Promise<T>): Promise<T> {
    const { profiles } = JSON.parse(readFileSync(this.#settings, 'utf8'));
    const { database, runs_on, restart } = profiles.shop;
    const resolved = resolvedFor(this.elsewhere.target({ database }), 'test', NO_SETTINGS, {
      readOnly: false,
    });
    const context = await openContext({
      resolved: { ...resolved, runsOn: { ...resolved.runsOn, server: runs_on }, ...(restart && { restart }) },
      operations: entryOf,
      env: { HOME: this.home, PATH: process.env.PATH ?? '', BACKUP_DIR: this.repository },
    });
    try {
      return await work(context);
    } finally {
      await context.close();
    }
  }

  async sql(text: string, database?: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const session = await this.session(database);
    return session.sql(text).finally(() => session.close());
  }

  session(database?: string): Promise<Session> {
    return connect(
      this.elsewhere.target(database === undefined ? {} : { database }),
      'workload',
      'test-look',
    );
  }

  /**
   * Nothing of the run is left: no process there or here, no backend, no file there; and the server never minded.
   * `crashed`: all of the place was ended, and nobody was left there to remove files.
   */
  async gone({ crashed = false }: { crashed?: boolean } = {}): Promise<void> {
    const { elsewhere } = this;
    const left = async () => [
      ...(await elsewhere.left()).filter((one) => !crashed || !one.startsWith('pgdeck-there-')),
      ...processesWith(elsewhere.mark, 'cmdline').filter(
        // the way of what is looked at here stays open
        (line) =>
          /^\d+ (?:\S*\/)?(?:docker|ssh|kubectl|sh) /.test(line) &&
          !line.includes(`pgdeck-ssh-${process.pid}-`),
      ),
      ...(
        await this.sql(
          "SELECT application_name, query FROM pg_stat_activity WHERE application_name LIKE 'pgdeck%'",
        )
      ).map((row) => JSON.stringify(row)),
    ];
    let last: readonly string[] = [];
    const none = async () => {
      last = await left();
      return last.length === 0;
    };
    await until(none, { what: 'the end of what the run had there', timeout: GONE_MS }).catch(() =>
      expect(last, last.join('\n')).toEqual([]),
    );
    if (!crashed) expect(await elsewhere.crashes()).toEqual([]);
  }

  /** Whatever a test that has failed left, so that the next one begins anew. */
  async cleared(): Promise<void> {
    await this.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgdeck:%'",
    );
    await this.here(async (context) => {
      const plan = await recover.plan(recover.input.parse({}), context);
      if (plan.steps.length > 0) await carryOut(plan, context);
    });
  }

  /** Every backup that is listed is whole; how many. */
  async listed(): Promise<number> {
    const backups = await listBackups(this.repository);
    expect(backups.filter(({ status }) => status !== 'ok')).toEqual([]);
    return backups.length;
  }

  async databases(): Promise<string[]> {
    const rows = await this.sql('SELECT datname AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1');
    return rows.map(({ name }) => String(name));
  }

  /** The id of the last backup. */
  async newest(): Promise<string> {
    return (
      (await listBackups(this.repository))
        .map(({ id }) => id)
        .sort()
        .at(-1) ?? ''
    );
  }

  /** The id of the first backup. */
  async oldest(): Promise<string> {
    return (await listBackups(this.repository)).map(({ id }) => id).sort()[0] ?? '';
  }

  /** Nothing is there but the database and the first backup. */
  async tidied(): Promise<void> {
    const rows = await this.sql(
      "SELECT quote_ident(datname) AS name FROM pg_database WHERE datname LIKE 'shop\\_\\_%'",
    );
    for (const { name } of rows) await this.sql(`DROP DATABASE ${name} WITH (FORCE)`);
    for (const id of (await listBackups(this.repository))
      .map((one) => one.id)
      .sort()
      .slice(1))
      rmSync(join(this.repository, id), { recursive: true });
  }

  /** What no backup is, in the repository. */
  unfinished(): string[] {
    return readdirSync(this.repository).filter((name) => /partial|deleting/.test(name));
  }

  /** Recover does all there is to do, and then there is nothing; the ids of its steps. */
  async recovered(): Promise<string[]> {
    const steps = await this.here(async (context) => {
      const plan = await recover.plan(recover.input.parse({}), context);
      const { end } = await carryOut(plan, context);
      expect(end, end.text).toMatchObject({ ok: true });
      return plan.steps.map(({ id }) => id.replace(/^recovered-.*/, 'noted'));
    });
    await this.here(async (context) => {
      expect((await recover.plan(recover.input.parse({}), context)).steps).toEqual([]);
      expect(listRuns(context.journal).filter(leftBehind)).toEqual([]);
    });
    expect(this.unfinished()).toEqual([]);
    return steps;
  }
}

/*
 * Stands before docker and ssh on the PATH of pgdeck: counts the commands that are carried there, and ends pgdeck when
 * its turn has come. What it is asked to do is done by the real one.
 */
const CLIENT = `#!/bin/sh
name=\${0##*/}
real=
IFS=:
for d in $PATH; do [ "$d/$name" = "$0" ] || { [ -x "$d/$name" ] && real=$d/$name && break; }; done
unset IFS
case "$CLIENT_DOWN$name $1" in
  'yesdocker restart')
    for container; do :; done
    "$real" stop "$container" >/dev/null
    # its parent is the shell that pgdeck has started
    read -r _ _ _ pgdeck _ </proc/$PPID/stat
    kill -s KILL "$pgdeck"
    exit 1 ;;
esac
case "$name $*" in
  'docker exec '*|'ssh '*pgdeck*|'kubectl '*' exec -i '*)
    case "$*" in *' -N '*) exec "$real" "$@" ;; esac
    echo >>"$CLIENT_COUNT"
    set -- "$(wc -l <"$CLIENT_COUNT")" "$@"
    n=$1; shift
    if [ -n "$CLIENT_KILL" ]; then
      at=\${CLIENT_KILL%% *} rest=\${CLIENT_KILL#* } p=$PPID
      if [ "$n" -ge "$at" ] && mkdir "$CLIENT_COUNT.killed" 2>/dev/null; then
        (sleep "\${rest#* }"; kill -s "\${rest% *}" "$p") </dev/null >/dev/null 2>&1 &
      fi
    fi ;;
esac
unset CLIENT_COUNT CLIENT_KILL
exec "$real" "$@"
`;

function counted(path: string): number {
  try {
    return readFileSync(path, 'utf8').length;
  } catch {
    return 0;
  }
}
