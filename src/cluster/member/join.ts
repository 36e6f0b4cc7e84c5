// A machine that joins: by a token it gets its certificate, and as a manager a place among etcd's members.
import { setTimeout as pause } from 'node:timers/promises';
import { invalid, messageOf, unavailable } from '../../base/errors.ts';
import { addressesOf, availability } from './init.ts';
import type { Machine } from '../agent/ports.ts';
import { newKeyPair } from '../security/authority.ts';
import type { Identity } from '../security/identity.ts';
import type { SealKey } from '../security/seal.ts';
import { digestOf } from '../security/token.ts';
import { ask, dialManager, dialWithToken } from '../wire/dial.ts';

export interface JoinRequest {
  readonly ListenAddr?: string;
  readonly AdvertiseAddr?: string;
  readonly RemoteAddrs?: readonly string[];
  readonly JoinToken?: string;
  readonly Availability?: string;
}

/** A member is promoted when it has caught up; it is waited for so long. */
const CATCH_UP_MS = 60_000;
/** What passes by itself; "unhealthy" is a cluster whose newest member is not connected for five seconds yet. */
const PASSING = /sync|learner|answer|reach|leader|unhealthy/;

export async function joinCluster(request: JoinRequest, machine: Machine): Promise<Identity> {
  const [remote] = request.RemoteAddrs ?? [];
  if (remote === undefined || remote === '') throw invalid('at least 1 RemoteAddr is required to join');
  const digest = digestOf(request.JoinToken ?? '');
  const available = availability(request.Availability);
  const where = addressesOf(request, machine);
  const pair = newKeyPair();
  const { connection, root } = await dialWithToken(remote, digest);
  try {
    const answer = await ask(connection, {
      type: 'join',
      token: request.JoinToken ?? '',
      publicKey: pair.publicKey,
      address: where.address,
      local: connection.localAddress,
      availability: available,
      description: machine.describe(),
    });
    if (answer.type !== 'joined') throw unavailable('the manager answered something else');
    const { node, cluster, role, certificate, managers } = answer;
    return {
      schema: 1,
      node,
      cluster,
      role,
      address: where.address,
      listen: where.listen,
      advertise: where.advertise,
      managers: managers.length > 0 ? managers : [remote],
      root,
      certificate,
      key: pair.key,
    };
  } finally {
    connection.close();
  }
}

export interface PlaceInEtcd {
  readonly manager: NonNullable<Identity['manager']>;
  /** With which managers of this cluster lock their keys. */
  readonly unlockKey: SealKey | undefined;
}

/** First as a learner; with `promote`, once etcd runs here, as a member that counts. */
export async function takePlaceInEtcd(identity: Identity, promote = false): Promise<PlaceInEtcd> {
  const end = Date.now() + CATCH_UP_MS;
  const { host, port } = parts(identity.advertise);
  const peer = identity.manager?.peer ?? `https://${host}:${port + 3}`;
  for (let attempt = 0; ; attempt += 1) {
    const address = identity.managers[attempt % identity.managers.length] ?? '';
    try {
      return await once(address, identity, peer, promote);
    } catch (error) {
      if (Date.now() > end) throw error;
      if (attempt > 20 && !PASSING.test(messageOf(error))) throw error;
    }
    await pause(200);
  }
}

async function once(address: string, identity: Identity, peer: string, promote: boolean): Promise<PlaceInEtcd> {
  const connection = await dialManager(address, identity);
  try {
    const member = await ask(connection, { type: 'member', peer });
    if (member.type !== 'member') throw unavailable('the manager answered something else');
    if (promote) await ask(connection, { type: 'promote', member: member.member });
    const members = member.members.map((one) => (one.startsWith('=') ? `${identity.node}${one}` : one));
    const { sealKey, unlockKey } = member;
    return { manager: { sealKey, peer, members, joins: true }, unlockKey };
  } finally {
    connection.close();
  }
}

function parts(advertise: string): { host: string; port: number } {
  const at = advertise.lastIndexOf(':');
  return { host: advertise.slice(0, at), port: Number(advertise.slice(at + 1)) };
}
