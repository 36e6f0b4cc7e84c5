// How many tasks a service should have by what was measured, with the sums that say why. Pure.
import { type AutoscalePolicy, type Direction, type Sample, policyProblems } from './policy.ts';

export interface AutoscaleDecision {
  readonly replicas: number;
  readonly cause: string;
  /** The way to it, a line each. */
  readonly sums: readonly string[];
}

interface Known extends Sample {
  readonly value: number;
}

/** `series`: the oldest first, up to now; `replicas`: what is wanted now. */
export function autoscale(
  series: readonly Sample[],
  policy: AutoscalePolicy,
  replicas: number,
  now: number,
): AutoscaleDecision {
  const sums: string[] = [...policyProblems(policy)];
  const decide = (wanted: number, cause: string): AutoscaleDecision => {
    const held = clamp(policy, wanted);
    if (held !== wanted) sums.push(`within ${policy.min} to ${policy.max}: ${held}`);
    return { replicas: held, cause: held === wanted ? cause : `${cause}; within ${policy.min} to ${policy.max}`, sums };
  };
  if (!(policy.target > 0) || !Number.isFinite(policy.target)) return decide(replicas, 'held: no target to reach');
  const latest = series.at(-1);
  if (replicas === 0) {
    const waiting = latest && now - latest.at <= policy.stale ? (latest.waiting ?? 0) : 0;
    if (waiting > 0) return decide(1, `woken by ${waiting} waiting connections`);
    return decide(0, 'nobody asks for it');
  }
  const known = series.filter((sample): sample is Known => sample.at <= now && isKnown(sample));
  const last = known.at(-1);
  if (last === undefined || now - last.at > policy.stale) {
    const age = last === undefined ? 'nothing was measured' : `nothing was measured for ${seconds(now - last.at)}`;
    sums.push(age);
    return decide(replicas, `held: ${age}`);
  }
  sums.push(...sumsOf(policy, last));
  const up = within(known, policy.up, now);
  const down = within(known, policy.down, now);
  const least = Math.min(...up.map((sample) => recommend(policy, sample)));
  const most = Math.max(...down.map((sample) => recommend(policy, sample)));
  sums.push(`up: least of ${up.length} samples in ${seconds(policy.up.stabilisation)}: ${text(least)}`);
  sums.push(`down: most of ${down.length} samples in ${seconds(policy.down.stabilisation)}: ${text(most)}`);
  if (least > replicas) {
    if (policy.up.stabilisation > 0 && up.length < 2) return decide(replicas, 'held: one sample is no trend');
    const limited = limitUp(series, policy.up, replicas, least, now, sums);
    return decide(
      limited,
      `up: ${policy.metric} ${round(last.value)} of ${round(policy.target)} on ${last.tasks} tasks`,
    );
  }
  if (most < replicas) {
    if ((known[0]?.at ?? now) > now - policy.down.stabilisation)
      return decide(replicas, `held: less than ${seconds(policy.down.stabilisation)} were measured`);
    const floor = policy.min === 0 && most === 0 && !isIdle(known, policy, now) ? 1 : most;
    if (floor !== most) sums.push(`not without load for ${seconds(policy.idle)}: ${floor}`);
    if (floor >= replicas) return decide(replicas, 'held: it was used lately');
    const limited = limitDown(series, policy.down, replicas, floor, now, sums);
    return decide(
      limited,
      `down: ${policy.metric} ${round(last.value)} of ${round(policy.target)} on ${last.tasks} tasks`,
    );
  }
  return decide(replicas, 'held: near enough to the target, or the samples do not agree');
}

/** Where it stands and how it came there, for people. */
export function explainAutoscale(
  service: string,
  replicas: number,
  { replicas: wanted, cause, sums }: AutoscaleDecision,
): string {
  return [`${service}: ${replicas} now, ${wanted} wanted (${cause})`, ...sums.map((line) => `  ${line}`)].join('\n');
}

/** What one sample asks for: all load on so many tasks that each has its target. */
function recommend(policy: AutoscalePolicy, sample: Known): number {
  const load = sample.value * sample.tasks;
  const ratio = load / (policy.target * Math.max(1, sample.replicas));
  const isNear = Math.abs(ratio - 1) <= policy.tolerance;
  return clamp(
    policy,
    isNear ? sample.replicas : Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(load / policy.target - 1e-9)),
  );
}

function sumsOf(policy: AutoscalePolicy, sample: Known): readonly string[] {
  const load = sample.value * sample.tasks;
  const tasks = load / policy.target;
  const ratio = load / (policy.target * Math.max(1, sample.replicas));
  const near =
    Math.abs(ratio - 1) <= policy.tolerance
      ? `; ${round(ratio)} times the target is within ${round(policy.tolerance)}`
      : '';
  return [
    `${policy.metric}: ${sample.tasks} tasks x ${round(sample.value)} = ${round(load)}; / ${round(policy.target)} = ${round(tasks)} tasks${near}`,
  ];
}

function within(known: readonly Known[], { stabilisation }: Direction, now: number): readonly Known[] {
  const found = known.filter(({ at }) => at > now - stabilisation);
  return found.length > 0 ? found : known.slice(-1);
}

function isKnown({ value, tasks }: Sample): boolean {
  return value !== undefined && Number.isFinite(value) && value >= 0 && tasks > 0;
}

function isIdle(known: readonly Known[], { idle }: AutoscalePolicy, now: number): boolean {
  return (known[0]?.at ?? now) <= now - idle && known.every(({ at, value }) => at <= now - idle || value === 0);
}

function limitUp(
  series: readonly Sample[],
  { limit }: Direction,
  replicas: number,
  wanted: number,
  now: number,
  sums: string[],
): number {
  if (limit === undefined) return wanted;
  const start = replicasAt(series, now - limit.period, replicas);
  const bound = Math.max(start + (limit.tasks ?? 0), Math.ceil(start * (1 + (limit.percent ?? 0) / 100)));
  if (wanted > bound)
    sums.push(`at most ${bound} from ${start} in ${seconds(limit.period)}: ${Math.max(replicas, bound)}`);
  return Math.max(replicas, Math.min(wanted, bound));
}

function limitDown(
  series: readonly Sample[],
  { limit }: Direction,
  replicas: number,
  wanted: number,
  now: number,
  sums: string[],
): number {
  if (limit === undefined) return wanted;
  const start = replicasAt(series, now - limit.period, replicas);
  const bound = Math.min(start - (limit.tasks ?? 0), Math.floor(start * (1 - (limit.percent ?? 0) / 100)));
  if (wanted < bound)
    sums.push(`at least ${bound} from ${start} in ${seconds(limit.period)}: ${Math.min(replicas, bound)}`);
  return Math.min(replicas, Math.max(wanted, bound));
}

/** What was wanted at a time; before the series what it begins with. */
function replicasAt(series: readonly Sample[], at: number, now: number): number {
  return (series.findLast((sample) => sample.at <= at) ?? series[0])?.replicas ?? now;
}

function clamp({ min, max }: AutoscalePolicy, replicas: number): number {
  return Math.max(0, Math.min(max, Math.max(min, replicas)));
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function text(value: number): string {
  return Number.isFinite(value) ? String(value) : '-';
}

function seconds(ms: number): string {
  return `${round(ms / 1000)} s`;
}
