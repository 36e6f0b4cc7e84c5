// Threads that confine themselves for one job after another: starting one takes longer than most jobs do.
import { Worker } from 'node:worker_threads';
import type { Job, Reply } from './job.ts';

/** Idle threads that are kept, and how long: each costs some 10 MB. */
const MAX_IDLE = 3;
const IDLE_MS = 2000;

interface Idle {
  readonly worker: Worker;
  readonly timer: NodeJS.Timeout;
}

const idle: Idle[] = [];

export interface Running {
  /** Called for each message, and once with an error when the thread is gone. */
  listen(onReply: (reply: Reply) => void, onGone: (error: Error | undefined) => void): void;
}

/** Gives a job to a thread. A thread whose job failed is not used again, since it may be anywhere. */
export function runJob(job: Job): Running {
  const before = idle.pop();
  if (before) clearTimeout(before.timer);
  const worker = before?.worker ?? make();
  worker.ref();
  return {
    listen(onReply, onGone) {
      const done = (): void => {
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
      };
      const onMessage = (reply: Reply): void => {
        onReply(reply);
        if ('head' in reply) return;
        done();
        if (reply.ok) keep(worker);
        else discard(worker);
      };
      const onError = (error: Error): void => {
        done();
        onGone(error);
      };
      const onExit = (): void => {
        done();
        onGone(undefined);
      };
      worker.on('message', onMessage);
      worker.once('error', onError);
      worker.once('exit', onExit);
      worker.postMessage(job);
    },
  };
}

function make(): Worker {
  return new Worker(new URL('./confined.worker.ts', import.meta.url), {
    stdin: false,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
}

function keep(worker: Worker): void {
  if (idle.length >= MAX_IDLE) {
    discard(worker);
    return;
  }
  worker.unref();
  const timer = setTimeout(() => {
    idle.splice(
      idle.findIndex((one) => one.worker === worker),
      1,
    );
    discard(worker);
  }, IDLE_MS).unref();
  idle.push({ worker, timer });
}

function discard(worker: Worker): void {
  worker.on('error', () => undefined);
  void worker.terminate();
}
