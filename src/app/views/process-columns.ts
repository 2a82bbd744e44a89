import { bytes, UNKNOWN } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import type { BackendRef, Column, ViewRecord } from '../core/view.ts';
import type { ProcessFigures } from '../processes/figures.ts';

/** Of an interval of a second more digits would be made up: the system counts hundredths of a second. */
function share(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : `${Math.round(value * 100)}%`;
}

/** What the processes of sessions take of this machine, where that is known. */
export function processColumns<Row>(backend: (row: Row) => BackendRef): readonly Column<Row>[] {
  const of = (figure: keyof ProcessFigures) => (row: Row, model: Model) =>
    model.processes?.of(backend(row))?.[figure];
  const known = ({ processes }: Model) => processes?.known === true;
  const missing = ({ processes }: Model) => processes?.reason ?? processes?.beyondReason;
  const missingIo = ({ processes }: Model) =>
    processes?.reason ?? processes?.ioReason ?? processes?.beyondReason;
  const knownIo = ({ processes }: Model) => processes?.known === true && processes.ioReason === undefined;
  return [
    {
      id: 'cpu',
      title: 'CPU',
      field: { kind: 'percent' },
      width: 4,
      align: 'right',
      priority: 4,
      value: of('cpu'),
      format: share,
      onDemand: known,
      missing,
    },
    {
      id: 'mem',
      title: 'MEM',
      field: { kind: 'size' },
      width: 6,
      align: 'right',
      priority: 8,
      value: of('ownBytes'),
      format: bytes,
      onDemand: known,
      missing,
    },
    {
      id: 'reads',
      title: 'READ/s',
      field: { kind: 'size' },
      width: 6,
      align: 'right',
      priority: 9,
      value: of('readBytesPerSecond'),
      format: bytes,
      onDemand: knownIo,
      missing: missingIo,
    },
    {
      id: 'writes',
      title: 'WRITE/s',
      field: { kind: 'size' },
      width: 7,
      align: 'right',
      priority: 10,
      value: of('writtenBytesPerSecond'),
      format: bytes,
      onDemand: knownIo,
      missing: missingIo,
    },
  ];
}

/** The same for scripts. */
export function processRecord(session: BackendRef, { processes }: Model): ViewRecord {
  const { cpu, ownBytes, readBytesPerSecond, writtenBytesPerSecond } = processes?.of(session) ?? {};
  return {
    cpu_percent: cpu === undefined || cpu === null ? null : Math.round(cpu * 1000) / 10,
    own_bytes: ownBytes ?? null,
    read_bytes_per_second: whole(readBytesPerSecond),
    written_bytes_per_second: whole(writtenBytesPerSecond),
  };
}

const whole = (value: number | null | undefined): number | null =>
  value === undefined || value === null ? null : Math.round(value);

/** Why there are none, for scripts; null where nothing is missing. */
export function processesUnknown({ processes }: Model): ViewRecord {
  return {
    processes_unknown: processes?.reason ?? processes?.beyondReason ?? null,
    io_unknown: processes?.ioReason ?? null,
  };
}

/** The same for the details of a session; nothing where nobody has looked. */
export function processFacts(session: BackendRef, { processes }: Model): [string, string][] {
  if (processes === undefined) return [];
  const { reason, ioReason } = processes;
  if (reason !== undefined) return [['CPU, memory, I/O', `not known: ${reason}`]];
  const figures = processes.of(session);
  return [
    ['CPU', `${share(figures?.cpu)} of a processor`],
    ['memory of its own', `${bytes(figures?.ownBytes)}, without shared_buffers`],
    ['reads from storage', rate(figures?.readBytesPerSecond, ioReason)],
    ['writes to storage', rate(figures?.writtenBytesPerSecond, ioReason)],
  ];
}

function rate(value: number | null | undefined, reason: string | undefined): string {
  return reason === undefined ? `${bytes(value)}/s` : `${UNKNOWN} ${reason}`;
}
