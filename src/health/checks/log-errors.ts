import { type Server, setByReload } from '../../db/server.ts';
import { type LogFact, type LogMessage, perHour } from '../../log/fact.ts';
import type { GraveKind } from '../../log/meaning.ts';
import { count, duration, exact, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found, Severity, Unknown } from '../finding.ts';
import { graded } from '../grade.ts';

interface Grave {
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly advice: string;
}

const GRAVE: Readonly<Record<GraveKind, Grave>> = {
  panic: {
    severity: 'critical',
    title: 'The server has stopped with PANIC',
    why: 'A PANIC ends all sessions at once; the server comes back by crash recovery, if what caused it is gone.',
    advice:
      'Read the message and those before it (pgdeck log --level warning), and see to disk, memory and hardware.',
  },
  crash: {
    severity: 'critical',
    title: 'A server process was killed or has crashed',
    why: 'When one process ends so, the server ends all others and goes through crash recovery.',
    advice:
      'Signal 9 is most often the kernel that was out of memory (dmesg): lower work_mem, shared_buffers or max_connections, or set vm.overcommit_memory = 2. Signals 6, 7 and 11 are faults of software or hardware: take the last statement of that process out of use, and update.',
  },
  corruption: {
    severity: 'critical',
    title: 'Damaged data was read',
    why: 'What is read from there is wrong or missing, and goes into backups so.',
    advice:
      'Write nothing more there; find out how far it goes (pgdeck check, pgdeck backups verify), restore what is damaged from a backup made before, and look at disks and memory. A damaged index alone is made good by REINDEX.',
  },
  io_error: {
    severity: 'critical',
    title: 'Files of the server could not be read or written',
    why: 'A full or failing disk stops writes first and then the server.',
    advice: 'Make room, or replace the disk; the message names the file.',
  },
  out_of_memory: {
    severity: 'alert',
    title: 'Memory was refused to a server process',
    why: 'Statements fail, and the kernel may kill the server next.',
    advice:
      'Lower work_mem, maintenance_work_mem or hash_mem_multiplier, or the number of sessions; the statement is in the log.',
  },
  too_many_connections: {
    severity: 'alert',
    title: 'Connections were refused: there were too many',
    why: 'Those who were refused could not work at all.',
    advice:
      'Make the pools of the applications smaller or put PgBouncer in front, end idle sessions, or raise max_connections (a restart) or the limit of the role or database.',
  },
};

/** What the server's log tells of the last hour. */
export const logErrors = defineCheck({
  id: 'log_errors',
  title: "Errors in the server's log",
  category: 'errors',
  fix: 'the application',
  reads: [],
  open: true,
  judge: ({ outside: { log }, server, thresholds }) => {
    if ('unknown' in log)
      return { unknown: { reason: log.unknown, ...(log.remedy !== undefined && { remedy: log.remedy }) } };
    const fact = log.known;
    const { found } = graded('log_errors_per_hour', perHour(fact.errors, fact), thresholds);
    const rate: Found[] =
      found === undefined
        ? []
        : [
            {
              ...found,
              title: `${plural(fact.errors, 'error')} in the log ${window(fact)}${share(fact)}.`,
              evidence: evidence(fact),
              why: 'Each is a statement or a session that failed for somebody.',
              remedy: {
                advice:
                  'Look at them with their statements (pgdeck log --level error), and mend the application that makes most of them.',
              },
            },
          ];
    const grave = fact.grave.map((one): Found => {
      const { severity, title, why, advice } = GRAVE[one.kind];
      return {
        object: one.kind,
        severity,
        title: `${title} (${one.count === 1 ? 'once' : `${exact(one.count)} times`} ${window(fact)}).`,
        value: one.count,
        evidence: `${fact.source}, ${duration((fact.until - one.at) / 1000)} ago: ${said(one)}.`,
        why,
        remedy: { advice },
      };
    });
    const unknown = unread(fact, server);
    return { findings: [...grave, ...rate], ...(unknown && { unknown }) };
  },
});

function window({ from, until }: LogFact): string {
  return `in the last ${duration((until - from) / 1000)}`;
}

/** What most of them are, where that is one thing. */
function share({ errors, timeouts }: LogFact): string {
  return timeouts * 2 > errors ? `, ${exact(timeouts)} of them ran into a timeout` : '';
}

function evidence({ source, classes, top, timeouts, ended }: LogFact): string {
  const by = classes.map((one) => `${one.class ?? 'not told'} (${count(one.count)})`).join(', ');
  const messages = top.map((one) => `${said(one)} (${count(one.count)})`).join('; ');
  return [
    `${source}; by class of SQLSTATE: ${by}`,
    `timeouts: ${count(timeouts)}`,
    `not counted: ${count(ended)} cancelled or terminated on request`,
    `most frequent: ${messages}.`,
  ].join('; ');
}

function said({ severity, sqlstate, message }: LogMessage): string {
  return `${severity.toUpperCase()}${sqlstate === null || sqlstate === '00000' ? '' : ` ${sqlstate}`}: ${message}`;
}

/** Messages that may be errors, or not. */
function unread({ unknown }: LogFact, server: Server): Unknown | undefined {
  if (unknown === 0) return undefined;
  const set = setByReload(server, 'log_line_prefix', '%m [%p] %e ');
  return {
    reason: `How bad ${unknown === 1 ? 'one message' : `${exact(unknown)} messages`} of the log ${unknown === 1 ? 'is' : 'are'} is not known: the language is not.`,
    remedy: 'sql' in set ? set.sql : set.advice,
  };
}
