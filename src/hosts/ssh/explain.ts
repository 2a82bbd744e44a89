import { cleanLine } from '../../text/clean.ts';
import { shWord } from '../../text/shell.ts';
import type { SshPlace } from './arguments.ts';

/** Why ssh did not get there, and what to do about it. */
export interface SshFailure {
  readonly kind: 'host_key' | 'denied' | 'name' | 'refused' | 'timeout' | 'configuration' | 'lost' | 'other';
  /** What is wrong, to stand behind a colon; no full stop. */
  readonly reason: string;
  /** One sentence. */
  readonly next: string;
}

/** How a person would try it: what ssh asks then is answered by them. */
export function byHand({ destination, config }: SshPlace): string {
  return ['ssh', ...(config === undefined ? [] : ['-F', shWord(config)]), shWord(destination)].join(' ');
}

type Words = (match: RegExpExecArray, place: SshPlace) => Omit<SshFailure, 'kind'>;

/** What OpenSSH says, which it says in English in every locale; the first that fits. */
const FAILURES: readonly (readonly [SshFailure['kind'], RegExp, Words])[] = [
  [
    'host_key',
    /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/i,
    () => ({
      reason: 'its host key is another one than before',
      next: 'If the machine was set up anew, remove the old key with ssh-keygen -R HOST; if not, somebody may stand between.',
    }),
  ],
  [
    'host_key',
    /No (?:\S+ )?host key is known|Host key verification failed|authenticity of host/i,
    (_match, place) => ({
      reason: 'its host key is not known here',
      next: `Run: ${byHand(place)}. Compare the fingerprint that it shows, and accept the key.`,
    }),
  ],
  [
    'denied',
    /Permission denied \(([^)]*)\)|Too many authentication failures|No more authentication methods/i,
    (match, place) => ({
      reason: `it let nobody in${match[1] === undefined ? '' : ` (it takes ${match[1].replaceAll(',', ', ')})`}`,
      next: `pgdeck uses your own keys and agent and is asked nothing: ${byHand(place)} must get in without a question.`,
    }),
  ],
  [
    'name',
    /Could not resolve hostname (\S+?):/i,
    ([, name = '']) => ({
      reason: `the name ${name} cannot be resolved`,
      next: 'Check the spelling, the ssh configuration and the name server.',
    }),
  ],
  [
    'refused',
    /connect to host (\S+) port (\d+): Connection refused/i,
    ([, host, port]) => ({
      reason: `nothing accepts connections at ${host} port ${port}`,
      next: 'Check that sshd is running there, and the port.',
    }),
  ],
  [
    'timeout',
    /connect to host (\S+) port (\d+): (?:Connection timed out|Operation timed out|No route to host|Network is unreachable)|Connection timed out during banner exchange|timed out waiting/i,
    ([, host, port]) => ({
      reason: host === undefined ? 'it does not answer' : `${host} port ${port} does not answer`,
      next: 'Check the network, a firewall or a VPN.',
    }),
  ],
  [
    'configuration',
    /Bad configuration option: .*|terminating, \d+ bad configuration option.*|Bad owner or permissions on .*|Can't open user config file .*|no argument after keyword .*/i,
    ([said]) => ({ reason: cleanLine(said), next: 'Correct the ssh configuration.' }),
  ],
  [
    'lost',
    /Timeout, server \S+ not responding|Connection (?:to \S+ )?(?:closed|reset)|Broken pipe|client_loop: send disconnect|kex_exchange_identification/i,
    () => ({
      reason: 'the connection broke',
      next: 'It is tried again; look at the network and at sshd there.',
    }),
  ],
];

/** What stderr of an ssh that did not get there, or did not stay, says. */
export function explainSsh(stderr: string, place: SshPlace): SshFailure {
  for (const [kind, pattern, words] of FAILURES) {
    const match = pattern.exec(stderr);
    if (match !== null) return { kind, ...words(match, place) };
  }
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return {
    kind: 'other',
    reason: last === '' ? 'ssh ended without a word' : cleanLine(last).replace(/\.$/, ''),
    next: `Try it by hand: ${byHand(place)}`,
  };
}
