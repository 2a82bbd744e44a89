import { eachInside, strings } from '../../../sql/ast.ts';

/**
 * Built-in functions that do more than answer: they write, reach files or other sessions, or run SQL that is a text.
 * What is made must not call them while it is made.
 */
const ACTS =
  /^(lo_.*|pg_(terminate|cancel)_backend|pg_reload_conf|pg_rotate_.*|pg_(read|write|ls|stat|file)_.*|set_config|setval|pg_logical_.*|pg_(create|drop|copy|replication|sync)_.*|pg_switch_wal|pg_promote|pg_backup_.*|pg_(start|stop)_backup|pg_wal_.*|pg_(try_)?advisory_.*|pg_notify|pg_sleep.*|(query|table|schema|database|cursor)_to_xml.*|pg_export_snapshot|pg_import_.*|pg_log_.*|pg_(restore|clear)_.*|(brin|gin)_.*|ts_(stat|rewrite)|currtid.*|pg_partition_root_.*|dblink.*|pg_extension_config_dump|pg_nextoid|binary_upgrade_.*)$/i;

/** The functions that a syntax tree calls: `app.f`, `lower`. */
export function callsIn(tree: unknown): string[] {
  const found: string[] = [];
  eachInside(tree, 'FuncCall', ({ funcname }) => found.push(strings(funcname).join('.')));
  return found;
}

/** The first of these that does more than answer, whatever schema it is said to be in; undefined when none does. */
export function acting(calls: readonly string[]): string | undefined {
  return calls.find((name) => ACTS.test(name.split('.').at(-1) ?? ''));
}
