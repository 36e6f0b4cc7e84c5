// Health checks: a probe run at intervals in the container, and what its answers add up to.
import { rfc3339 } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { goDuration } from '../../base/units.ts';
import { randomId } from '../../base/ids.ts';
import { execProcess } from '../../runtime/spec/index.ts';
import type { HealthConfig, HealthcheckResult } from '../../spec/docker/index.ts';
import type { Container } from './container.ts';
import { type EngineContext, emit, save } from './context.ts';
import type { ContainerStateRecord } from '../lifecycle/index.ts';
import { runtimeOf } from './running.ts';

const DEFAULT_INTERVAL = 30e9;
const DEFAULT_TIMEOUT = 30e9;
const DEFAULT_START_INTERVAL = 5e9;
const DEFAULT_RETRIES = 3;
/** Bytes of a probe's output that are kept, and how many results. */
const MAX_OUTPUT = 4096;
const MAX_RESULTS = 5;

type Health = NonNullable<ContainerStateRecord['health']>;

const given = (value: number | undefined, fallback: number): number => value || fallback;

/**
 * Nanoseconds. A start interval says that the program is awaited: without a start period the first interval, after which the
 * first probe would count, is one.
 */
function startPeriodOf({ StartPeriod, StartInterval, Interval }: HealthConfig): number {
  return StartPeriod || (StartInterval ? given(Interval, DEFAULT_INTERVAL) : 0);
}

/** Nanoseconds to the next probe, `running` being those since the start; pure. The end of the start period is not slept through. */
export function untilProbe(status: Health['status'], config: HealthConfig, running: number): number {
  const left = startPeriodOf(config) - running;
  const usual = given(config.Interval, DEFAULT_INTERVAL);
  return status === 'starting' && left > 0
    ? Math.min(given(config.StartInterval, DEFAULT_START_INTERVAL), left)
    : usual;
}

/** The next health after one result; pure. */
export function nextHealth(health: Health, result: HealthcheckResult, config: HealthConfig, startedAt: number): Health {
  const log = [...health.log, result].slice(-MAX_RESULTS);
  if (result.ExitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  const inStartPeriod =
    health.status === 'starting' && (Date.parse(result.Start) - startedAt) * 1e6 < startPeriodOf(config);
  if (inStartPeriod) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  const retries = config.Retries === undefined || config.Retries === 0 ? DEFAULT_RETRIES : config.Retries;
  return { status: failingStreak >= retries ? 'unhealthy' : health.status, failingStreak, log };
}

/** The words of a probe; undefined when there is none to run. */
export function probeCommand(
  config: HealthConfig | undefined,
  shell: readonly string[] | undefined,
): string[] | undefined {
  const [kind, ...words] = config?.Test ?? [];
  if (kind === 'CMD') return words;
  if (kind === 'CMD-SHELL') return [...(shell ?? ['/bin/sh', '-c']), words[0] ?? ''];
  return undefined;
}

/** `again`: the process was running before, and so its health is known. */
export function startHealth(context: EngineContext, container: Container, again = false): void {
  const config = container.record.config.Healthcheck;
  const command = probeCommand(config, container.record.config.Shell);
  if (!config || !command) return;
  const before = container.state.health;
  // what probes said before a restart is still of interest
  if (!again || !before) container.state.health = { status: 'starting', failingStreak: 0, log: before?.log ?? [] };
  save(context, container);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  container.healthStop = () => {
    stopped = true;
    clearTimeout(timer);
  };
  const schedule = (): void => {
    const running = (Date.now() - Date.parse(container.state.startedAt)) * 1e6;
    const wait = untilProbe(container.state.health?.status ?? 'none', config, running);
    timer = setTimeout(() => void probe().finally(() => !stopped && schedule()), wait / 1e6);
  };
  const probe = async (): Promise<void> => {
    if (container.state.phase !== 'running') return;
    const result = await runProbe(context, container, command, given(config.Timeout, DEFAULT_TIMEOUT) / 1e6);
    const { health } = container.state;
    if (stopped || !health) return;
    container.state.health = nextHealth(health, result, config, Date.parse(container.state.startedAt));
    save(context, container);
    if (container.state.health.status !== health.status)
      emit(context, container, `health_status: ${container.state.health.status}`);
  };
  schedule();
}

export function stopHealth(container: Container): void {
  container.healthStop?.();
  container.healthStop = undefined;
  if (container.state.health) container.state.health = { ...container.state.health, status: 'unhealthy' };
}

async function runProbe(
  context: EngineContext,
  container: Container,
  command: string[],
  timeoutMs: number,
): Promise<HealthcheckResult> {
  const started = rfc3339();
  let output = '';
  let pid = 0;
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    const spec = context.runtime.specOf(container.id);
    const exec = { cmd: command, env: [], workingDir: '', tty: false, privileged: false };
    const process = execProcess({ container: spec.process, exec, host: context.host });
    const id = randomId();
    emit(context, container, `exec_create: ${command.join(' ')}`, { execID: id });
    emit(context, container, `exec_start: ${command.join(' ')}`, { execID: id });
    let drained: Promise<void> = Promise.resolve();
    const running = await context.runtime.exec(
      { id, containerId: container.id, process, runtime: runtimeOf(context, container.record.runtime), stdin: false },
      (console) => {
        drained = console.ended;
        console.watch({
          write: (_, data) => {
            if (output.length < MAX_OUTPUT) output += data.toString('utf8');
            return true;
          },
          drained: () => Promise.resolve(),
          end: () => undefined,
        });
      },
    );
    pid = running.pid;
    timer = setTimeout(() => {
      late = true;
      context.runtime.signal(pid, 9);
    }, timeoutMs);
    const code = await running.exit;
    // its pid may be somebody else's from now on
    clearTimeout(timer);
    await drained;
    emit(context, container, 'exec_die', { execID: id, exitCode: String(code ?? -1) });
    if (late)
      return {
        Start: started,
        End: rfc3339(),
        ExitCode: -1,
        Output: `Health check exceeded timeout (${goDuration(timeoutMs)})${output === '' ? '' : `: ${output.slice(0, MAX_OUTPUT)}`}`,
      };
    return { Start: started, End: rfc3339(), ExitCode: code ?? -1, Output: output.slice(0, MAX_OUTPUT) };
  } catch (error) {
    return { Start: started, End: rfc3339(), ExitCode: -1, Output: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
