import type { Channel } from '../channel.ts';
import { jsonOf } from '../message.ts';
import { request } from '../request.ts';
import { masked } from '../secret.ts';

const TIMEOUT_MS = 10_000;

/** A URL that takes the message as JSON: Slack, Mattermost, Teams, or whatever else listens. */
export function webhook(url: URL, timeoutMs = TIMEOUT_MS): Channel {
  return {
    label: masked(url),
    send: (message, signal) => request(url, { method: 'POST', body: jsonOf(message), signal, timeoutMs }),
  };
}
