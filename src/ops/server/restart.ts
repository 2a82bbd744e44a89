import { defineOperation, type Field } from '../engine/operation.ts';
import { type RestartInput, restartInput } from './input.ts';
import { planRestart } from './plan.ts';
import { recoverRestart } from './recover.ts';

const fields: Readonly<Record<keyof RestartInput, Field>> = {
  stop_timeout: {
    title: 'Time to stop',
    hint: 'seconds that the server has to stop in; docker kills it then, and it starts with a recovery',
    placeholder: 'seconds',
  },
  timeout: {
    title: 'Time to come back',
    hint: 'seconds that are waited for it to accept connections again',
    placeholder: 'seconds',
  },
  interrupt: {
    title: 'Interrupt',
    hint: 'work: do it although a backup, a restore or a run of pgdeck is at work there',
    placeholder: 'what',
    standard: () => 'nothing that would have to be done again',
  },
  before: {
    title: 'Command before',
    hint: 'run before clients are interrupted, such as: systemctl stop app',
    placeholder: 'command',
    standard: ({ backup }) => backup.before_restore ?? 'none',
  },
  after: {
    title: 'Command after',
    hint: 'run when it is over, whether it succeeded or not, such as: systemctl start app',
    placeholder: 'command',
    standard: ({ backup }) => backup.after_restore ?? 'none',
  },
};

/** Restarts the server, waits for it, and sees that it is the same one with what waited for the restart in force. */
export const serverRestart = defineOperation({
  id: 'server restart',
  input: restartInput,
  fields,
  plan: planRestart,
  recover: recoverRestart,
  recoversOffline: true,
});
