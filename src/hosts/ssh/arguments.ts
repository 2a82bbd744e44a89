import type { SshRunsOn } from '../../config/runs-on.ts';

/** Where ssh is to go. */
export type SshPlace = Pick<SshRunsOn, 'destination' | 'config'>;

/** Seconds until a machine that does not answer is given up. */
const CONNECT_SECONDS = 10;
/** Seconds without a word after which ssh asks whether the other side is there; three times, then it is gone. */
const ALIVE_SECONDS = 5;

/**
 * The arguments of ssh before the command. Keys, agent, known hosts and addresses are what the user's own configuration says;
 * nobody is asked for anything, and nothing of it is changed by what happens to stand there for people's own sessions.
 */
export function sshArguments(
  { destination, config }: SshPlace,
  own: readonly string[],
  options: Readonly<Record<string, string | number>> = {},
): string[] {
  const all = {
    // a question would wait for ever: there is no terminal
    BatchMode: 'yes',
    ConnectTimeout: CONNECT_SECONDS,
    ServerAliveInterval: ALIVE_SECONDS,
    ServerAliveCountMax: 3,
    // no less than the reasons of a failure, and no banner, welcome or debugging lines among them
    LogLevel: 'ERROR',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    PermitLocalCommand: 'no',
    // a Host of the configuration may have what opens a terminal or a command of its own
    RequestTTY: 'no',
    RemoteCommand: 'none',
    ...options,
  };
  return [
    ...(config === undefined ? [] : ['-F', config]),
    '-T',
    ...Object.entries(all).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...own,
    // whatever it is called, it is no option
    '--',
    destination,
  ];
}
