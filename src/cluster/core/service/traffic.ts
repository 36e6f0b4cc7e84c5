// Whether requests to new tasks fail more often than those to old ones. Pure.
import type { TrafficPolicy } from '../model/types.ts';

export interface Requests {
  readonly requests: number;
  /** Answers of 500 and more, connections refused or reset. */
  readonly errors: number;
}

export interface Traffic {
  readonly old: Requests;
  readonly new: Requests;
}

export interface TrafficVerdict {
  readonly kind: 'fine' | 'worse' | 'unknown';
  readonly cause: string;
}

export function trafficVerdict(policy: TrafficPolicy | undefined, traffic: Traffic | undefined): TrafficVerdict {
  if (policy === undefined) return { kind: 'fine', cause: 'traffic is not looked at' };
  const fresh = traffic?.new;
  if (fresh === undefined || !isCount(fresh) || fresh.requests < policy.minRequests)
    return { kind: 'unknown', cause: `${fresh?.requests ?? 0} of ${policy.minRequests} requests seen` };
  const old = traffic && isCount(traffic.old) ? share(traffic.old) : 0;
  const cause = `${percent(share(fresh))} of ${fresh.requests} requests to new tasks failed, ${percent(old)} to old ones, ${percent(policy.margin)} more allowed`;
  return { kind: share(fresh) > old + policy.margin ? 'worse' : 'fine', cause };
}

function share({ requests, errors }: Requests): number {
  return requests === 0 ? 0 : errors / requests;
}

function isCount({ requests, errors }: Requests): boolean {
  return Number.isFinite(requests) && Number.isFinite(errors) && requests >= 0 && errors >= 0;
}

function percent(value: number): string {
  return `${Math.round(value * 1000) / 10}%`;
}
