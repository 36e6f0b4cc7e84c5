// Whether a node is there, from when it was last heard of. Pure.
import type { NodeState } from './model/types.ts';

export interface NodeLifeFacts {
  readonly state: NodeState;
  /** The last heartbeat; absent: none since this leader began. */
  readonly lastSeen?: number | undefined;
  /** When its session broke, where it did. */
  readonly sessionLostAt?: number | undefined;
  /** It said that it leaves. */
  readonly hasLeft?: boolean | undefined;
  /** Since when this leader leads: a new one gives every node one time to live of grace. */
  readonly leaderSince: number;
  /** When it was found down lately. */
  readonly downs?: readonly number[] | undefined;
}

export interface NodeLifePolicy {
  /** Down after so long without a heartbeat. */
  readonly timeToLive: number;
  /** Down so long after its session broke, unless it comes back. */
  readonly reconnect: number;
  /** Who was down more than once in this time waits before it gets tasks again. */
  readonly flapWindow: number;
  /** The first wait; each further time down doubles it. */
  readonly flapDelay: number;
}

export interface NodeLife {
  readonly state: NodeState;
  readonly cause: string;
  /** When it changes if nothing is heard. */
  readonly wakeAt?: number | undefined;
}

const MAX_FLAP_DELAY_MS = 60_000;

/** Heartbeats of every period; two in three may be late by less than half of it. */
export function nodeLifePolicy(heartbeatPeriod: number): NodeLifePolicy {
  return { timeToLive: heartbeatPeriod * 1.5, reconnect: 3000, flapWindow: 600_000, flapDelay: 5000 };
}

export function nodeLife(facts: NodeLifeFacts, policy: NodeLifePolicy, now: number): NodeLife {
  if (facts.hasLeft) return { state: 'disconnected', cause: 'it left' };
  const seen = Math.max(facts.lastSeen ?? Number.NEGATIVE_INFINITY, facts.leaderSince);
  const silentUntil = seen + policy.timeToLive;
  const lost = facts.sessionLostAt;
  const isCut = lost !== undefined && lost >= (facts.lastSeen ?? Number.NEGATIVE_INFINITY);
  const until = isCut ? Math.min(silentUntil, Math.max(lost, facts.leaderSince) + policy.reconnect) : silentUntil;
  if (now >= until) {
    const cause =
      isCut && now < silentUntil
        ? `its session broke ${seconds(now - lost)} ago`
        : `not heard of for ${seconds(now - seen)}`;
    return { state: 'down', cause };
  }
  // nothing was heard by this leader yet: what the last one said stands
  if (facts.lastSeen === undefined || facts.lastSeen < facts.leaderSince)
    return { state: facts.state, cause: 'a new leader waits to hear of it', wakeAt: until };
  if (isCut)
    return { state: facts.state === 'ready' ? 'unknown' : facts.state, cause: 'its session broke', wakeAt: until };
  const steady = steadyFrom(facts, policy, now);
  if (facts.state !== 'ready' && steady > now)
    return {
      state: facts.state,
      cause: `it came back, and was down too often to be trusted at once`,
      wakeAt: Math.min(steady, until),
    };
  return { state: 'ready', cause: 'heard of in time', wakeAt: until };
}

/** A node that comes and goes is waited for longer each time. */
function steadyFrom({ downs = [] }: NodeLifeFacts, policy: NodeLifePolicy, now: number): number {
  const recent = downs.filter((at) => at > now - policy.flapWindow);
  if (recent.length < 2) return now;
  const delay = Math.min(MAX_FLAP_DELAY_MS, policy.flapDelay * 2 ** (recent.length - 2));
  return Math.max(...recent) + delay;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
