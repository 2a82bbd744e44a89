import { z } from 'zod';

/** How often an item of the routine is due, the most often first. */
export const CADENCES = ['daily', 'weekly', 'monthly', 'quarterly'] as const;
export type Cadence = (typeof CADENCES)[number];

/** Lists that a person goes through; what is on them is looked up where they are printed. */
export const CHECKLISTS = ['major_upgrade'] as const;
export type Checklist = (typeof CHECKLISTS)[number];

/** What an item of the routine does. */
export type RoutineWork =
  /** Checks of health, by their ids. */
  | { readonly kind: 'check'; readonly checks: readonly string[] }
  /** A command of pgdeck, without "pgdeck" and without the connection. */
  | { readonly kind: 'operation'; readonly words: string }
  /** A command of the team's own, for `sh`. */
  | { readonly kind: 'command'; readonly command: string }
  /** Nothing is done: what a person has to do is printed. */
  | { readonly kind: 'checklist'; readonly list: Checklist };

export interface RoutineItem {
  /** Its key in the settings. */
  readonly name: string;
  /** What it is called in plans and reports. */
  readonly title: string;
  readonly every: Cadence;
  readonly work: RoutineWork;
}

const check = (title: string, ...checks: string[]) => ({ title, work: { kind: 'check', checks } }) as const;
const operation = (title: string, words: string) => ({ title, work: { kind: 'operation', words } }) as const;

/** What runbooks ask for, each where it stands in them. */
const DEFAULTS: Readonly<Record<Cadence, Readonly<Record<string, Omit<RoutineItem, 'name' | 'every'>>>>> = {
  daily: {
    backups: check('Backups are made', 'backup_age', 'schedule_missed'),
    disk: check('Disk space', 'disk'),
    log: check("Errors in the server's log", 'log_errors'),
    connections: check('Connections', 'connections', 'idle_in_transaction'),
  },
  weekly: {
    backup: operation('A backup', 'backup'),
    restorable: operation('The newest backup restores', 'backups verify newest --level restore'),
    vacuum: operation('VACUUM and ANALYZE of what is due', 'vacuum --due --analyze'),
    slow: check('Slow statements', 'log_slow', 'slow_statements'),
    indexes: check('Use of indexes', 'index_usage', 'index_unused', 'index_duplicate', 'index_invalid'),
  },
  monthly: {
    statistics: operation("The planner's statistics", 'analyze --due'),
    bloat: check('Bloat', 'bloat'),
    performance: check(
      'Performance figures',
      ...[
        'cache_hit',
        'checkpoints',
        'temp_files',
        'deadlocks',
        'table_size',
        'sequence_exhaustion',
        'xid_age',
      ],
    ),
    cleanup: operation('Old rows, by the rules', 'cleanup --rules'),
    prune: operation('Old backups, by the rule', 'backups prune'),
    archive: operation('The newest backup to the remote', 'backups push newest'),
  },
  quarterly: {
    tuning: check('Settings of the server', 'setting_memory', 'setting_unsafe'),
    passwords: check('Ages of passwords', 'password_expiry', 'password_md5'),
    version: check('Version of the server', 'version_behind'),
    upgrade: { title: 'Upgrade to a new major version', work: { kind: 'checklist', list: 'major_upgrade' } },
    drill: operation('Restore drill', 'backups verify newest --level restore'),
  },
};

/** The items that there are without any settings, the most frequent first. */
export const DEFAULT_ROUTINE: readonly RoutineItem[] = CADENCES.flatMap((every) =>
  Object.entries(DEFAULTS[every]).map(([name, item]) => ({ name, every, ...item })),
);

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,39}$/u;
const text = z.string().min(1);

const itemSchema = z.strictObject({
  /** `never`: an item of the defaults that is left out. */
  every: z.enum([...CADENCES, 'never']).optional(),
  title: text.optional(),
  /** Ids of checks of health. */
  check: z.union([text, z.array(text).min(1)]).optional(),
  /** A command of pgdeck: `vacuum --due`. */
  run: text.optional(),
  /** A command of the team's own, run by `sh` where the application's commands are. */
  command: text.optional(),
  checklist: z.enum(CHECKLISTS).optional(),
});

type ItemSetting = z.output<typeof itemSchema>;

/** By the name of the item: what differs of one of the defaults, or one more. */
export const routineSchema = z
  .record(z.string().regex(NAME, 'expected letters, digits, blanks, dot, dash and underscore'), itemSchema)
  .superRefine((items, context) => {
    const wrong = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message });
    for (const [name, item] of Object.entries(items)) {
      const works = worksOf(item).length;
      if (works > 1) wrong(name, 'expected one of check, run, command and checklist, got several');
      if (DEFAULT_ROUTINE.some((one) => one.name === name) || item.every === 'never') continue;
      if (works === 0) wrong(name, 'expected check, run, command or checklist: there is no such item yet');
      if (item.every === undefined) wrong(name, `expected every: one of ${CADENCES.join(', ')}`);
    }
  });

export type RoutineSettings = z.output<typeof routineSchema>;

function worksOf({ check: checks, run, command, checklist }: ItemSetting): RoutineWork[] {
  return [
    ...(checks === undefined ? [] : [{ kind: 'check', checks: [checks].flat() } as const]),
    ...(run === undefined ? [] : [{ kind: 'operation', words: run } as const]),
    ...(command === undefined ? [] : [{ kind: 'command', command } as const]),
    ...(checklist === undefined ? [] : [{ kind: 'checklist', list: checklist } as const]),
  ];
}

/** The defaults with what the settings say laid over them, the later ones on top; the most frequent items first. */
export function mergeRoutine(...layers: (RoutineSettings | undefined)[]): readonly RoutineItem[] {
  const items = new Map(DEFAULT_ROUTINE.map((item) => [item.name, item]));
  for (const [name, given] of layers.flatMap((layer) => Object.entries(layer ?? {}))) {
    // one that is left out for all may be wanted for a profile
    const before = items.get(name) ?? DEFAULT_ROUTINE.find((item) => item.name === name);
    const [work = before?.work] = worksOf(given);
    const { every = before?.every, title = before?.title ?? name } = given;
    if (every === 'never' || every === undefined || work === undefined) items.delete(name);
    else items.set(name, { name, title, every, work });
  }
  const all = [...items.values()];
  return CADENCES.flatMap((every) => all.filter((item) => item.every === every));
}
