import { type DbError, place } from '../../db/errors.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import { cacheLevel, connectionsLevel, type Level, levelOf } from '../../health/level.ts';
import { scoreLevel } from '../../health/score.ts';
import { cleanLine } from '../../text/clean.ts';
import {
  fitEnds,
  fitItems,
  fitLine,
  type Item,
  type Line,
  lineWidth,
  type Span,
  span,
} from '../../text/line.ts';
import { bytes, count, duration } from '../../text/units.ts';
import { clip, width } from '../../text/width.ts';
import { armedFor } from '../core/armed.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyFor } from '../core/keys.ts';
import { LEVEL_TONE, markedBehind } from '../core/model.ts';
import { runningWizards, tableOf } from '../core/state.ts';
import { hitText } from '../views/database.ts';
import { operationsScreen } from '../views/operations.ts';
import { SCREENS } from '../views/registry.ts';
import { focusedView } from '../views/select.ts';
import { placePanes } from './panes.ts';

/** Cells that the reason of a lost connection needs to say anything. */
const LEAST_REASON = 24;

/** Who and where on the first line, how it goes on the second; one line where there is no room for two. */
export function headerLines(deck: Deck, columns: number, rows: number): Line[] {
  const { more } = glyphsOf(deck);
  if (rows === 1)
    return [
      fitLine(fitItems([...identity(deck), ...situation(deck), ...vitals(deck)], columns), columns, more),
    ];
  const first = fitEnds(identity(deck), situation(deck), columns - 1);
  const away = awayLine(deck, columns);
  const second = away ?? [span(' '), ...fitItems([...vitals(deck), ...settings(deck)], columns - 1)];
  return [fitLine(first, columns, more), fitLine(second, columns, more)];
}

function identity(deck: Deck): Item[] {
  const { resolved, sampler, model } = deck;
  const { server } = sampler;
  const standby = model.rows(walPositionPoll)[0]?.standby ?? server?.standby;
  const production = resolved.environment === 'production';
  return [
    { priority: 1, spans: [span(` ${cleanLine(resolved.name)} `, production ? 'production' : 'title')] },
    ...(production ? [{ priority: 1, spans: [span('PRODUCTION', 'production')] }] : []),
    ...(resolved.environment && !production
      ? [{ priority: 8, spans: [span(resolved.environment, 'muted')] }]
      : []),
    { priority: 3, spans: [span(place(resolved.target))] },
    ...(server
      ? [
          { priority: 5, spans: [span(`PG ${server.version}`)] },
          {
            priority: 4,
            close: true,
            spans: [span(standby ? 'standby' : 'primary', standby ? 'accent' : undefined)],
          },
        ]
      : []),
    {
      priority: 1,
      close: server !== undefined,
      spans: [mode(deck)],
    },
  ];
}

/** `RO`, `RW`, or for how long a read-only profile is written to. */
function mode(deck: Deck): Span {
  const left = armedFor(deck);
  if (left !== undefined) return span(`ARMED ${duration(Math.ceil(left))}`, 'production');
  return span(deck.readOnly ? 'RO' : 'RW', deck.readOnly ? 'good' : 'accent');
}

function situation(deck: Deck): Item[] {
  const { sampler, state } = deck;
  const stalled = sampler.stalledFor ?? 0;
  const running = runningWizards(state).length;
  const items: Item[] = [
    ...(state.database === undefined
      ? []
      : [{ priority: 2, spans: [span(`only database ${cleanLine(state.database)}`, 'accent')] }]),
    ...(running === 0
      ? []
      : [
          {
            priority: 2,
            spans: [
              span(
                `${running} running (${keyFor(deck, `screen.${operationsScreen.id}`) ?? ':operations'})`,
                'accent',
              ),
            ],
          },
        ]),
    ...(sampler.link.state === 'connected' && sampler.link.limited
      ? [{ priority: 3, spans: [span('1 connection only', 'warn')] }]
      : []),
  ];
  if (sampler.paused) {
    const at = new Date(state.pausedAt ?? 0).toTimeString().slice(0, 8);
    items.push({ priority: 1, spans: [span(`PAUSED ${at}`, 'warn')] });
  } else if (sampler.link.state === 'connecting')
    items.push({ priority: 1, spans: [span('connecting', 'warn')] });
  else if (sampler.link.state === 'away')
    items.push({ priority: 1, spans: [span('NOT CONNECTED', 'alert')] });
  else if (stalled > Math.max(1500, sampler.interval * 1500))
    items.push({ priority: 1, spans: [span(`no answer for ${duration(stalled / 1000)}`, 'alert')] });
  // the age of the data is worth a number only when it is not what the interval says
  else items.push({ priority: 9, spans: [span('live', 'good'), span(` ${sampler.interval}s`, 'muted')] });
  return items;
}

function awayLine(deck: Deck, columns: number): Line | undefined {
  const { link } = deck.sampler;
  if (link.state !== 'away') return undefined;
  const wait = Math.max(0, (link.retryAt - deck.sampler.now()) / 1000);
  const gone = (deck.sampler.now() - link.since) / 1000;
  const since = span(` Lost ${duration(gone)} ago. `, 'alert');
  const next = span(
    `  Retry in ${Math.ceil(wait)}s (${keyFor(deck, 'time.now') ?? ':refresh'} now).`,
    'muted',
  );
  const room = columns - lineWidth([since, next]);
  const why = reason(link.error, room < LEAST_REASON ? columns - lineWidth([since]) : room);
  if (room < LEAST_REASON) return [since, span(why, 'warn')];
  return [since, span(clip(why, room, glyphsOf(deck).more), 'warn'), next];
}

/** Why a connection is lost: the words that say most and have room; what the server said last are further lines of it. */
function reason({ message, brief }: Pick<DbError, 'message' | 'brief'>, room: number): string {
  const told = brief.map(cleanLine);
  return told.find((words) => width(words) <= room) ?? told.at(-1) ?? cleanLine(message.split('\n')[0] ?? '');
}

function vitals(deck: Deck): Item[] {
  const { model } = deck;
  const s = model.rows(summaryPoll)[0];
  if (!s) return [{ priority: 1, spans: [span('waiting for the first answer', 'muted')] }];
  const { total } = model.vitals;
  const full = connectionsLevel(s, model.thresholds);
  const hit = cacheLevel(total.hitRatio, total.msPerRead, model.thresholds);
  const horizon = levelOf('long_query_seconds', s.horizon_seconds, model.thresholds);
  const told = (n: number | null, word: string, close: boolean): Item[] =>
    n === null ? [] : [{ priority: 7, close, spans: [span(String(n)), span(` ${word}`, 'muted')] }];
  return [
    figure(1, 'conns', `${s.clients ?? '-'}/${s.max_connections}`, full),
    ...score(deck),
    ...told(s.active, 'active', false),
    ...told(s.idle, 'idle', true),
    figure(3, 'tps', total.tps === null ? '-' : count(Math.round(total.tps))),
    figure(4, 'hit', hitText(total), hit),
    figure(6, 'wal', perSecond(model.vitals.walBytesPerSecond)),
    figure(5, 'xmin', s.horizon_seconds === 0 ? '0s' : duration(s.horizon_seconds), horizon),
    // told in full by the verdict, where that has a line
    ...(s.lock_waiting && placePanes(deck).verdict.length === 0
      ? [{ priority: 1, spans: [span(`${s.lock_waiting} waiting for locks`, 'alert')] }]
      : []),
  ];
}

/** From here on there is room for a score that says nothing is wrong. */
const WIDE = 100;
/** The health score, once all that it is made of was asked for; where the room is short only one that is bad. */
function score({ model, state }: Deck): Item[] {
  const { health } = model;
  if (!health?.asked || health.score === null) return [];
  if (state.size.columns < WIDE && health.score >= 80) return [];
  return [figure(2, 'health', String(health.score), scoreLevel(health.score))];
}

/** `conns 102/110!!`: the mark behind the figure, so that it stays in its place. */
function figure(priority: number, title: string, value: string, level: Level = 'normal'): Item {
  return {
    priority,
    spans: [span(`${title} `, 'muted'), span(markedBehind(level, value), LEVEL_TONE[level])],
  };
}

function settings(deck: Deck): Item[] {
  const view = focusedView(deck.state);
  const { filter, sort } = tableOf(deck.state, view.id);
  const marks = glyphsOf(deck);
  const column = view.columns.find((c) => c.id === sort.column);
  return [
    ...(filter === '' ? [] : [{ priority: 2, spans: [span(`filter: ${cleanLine(filter)}`, 'accent')] }]),
    ...(view.ordered || !column
      ? []
      : [
          {
            priority: 7,
            spans: [span(`sort: ${column.title}${sort.descending ? marks.down : marks.up}`, 'muted')],
          },
        ]),
  ];
}

/** The screens and their keys; the open one stands out. */
export function tabsLine(deck: Deck, columns: number): Line {
  const short = columns < 100;
  const keyOf = (s: (typeof SCREENS)[number]) => keyFor(deck, `screen.${s.id}`);
  const items = SCREENS.filter((s) => keyOf(s) || s.id === deck.state.screen).map((s): Item => {
    const open = s.id === deck.state.screen;
    const key = keyOf(s);
    const title = (short ? s.short : undefined) ?? s.title;
    return {
      priority: open ? 1 : 2,
      spans: [span(key ? `${key} ` : '', open ? 'title' : 'key'), span(title, open ? 'title' : 'muted')],
    };
  });
  return fitLine([span(' '), ...fitItems(items, columns - 1, short ? 1 : 2)], columns, glyphsOf(deck).more);
}

function perSecond(value: number | null): string {
  return value === null ? '-' : `${bytes(value)}/s`;
}
