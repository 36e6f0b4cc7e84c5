// A node whose machine has another address than before: found out when its session begins, for the others reach it by what it says.
import type { Identity } from '../security/identity.ts';

/**
 * The node as it is now; the same object where nothing has changed. `own` are addresses of this machine, `local` is the one by which it
 * reaches the managers. Who advertises an address that is not its machine's keeps it, and so does a manager: etcd knows it by that.
 */
export function atAddress(identity: Identity, own: readonly string[], local: string): Identity {
  const isOwn = own.includes(identity.address);
  if (isOwn) return identity.addressIsOwn ? identity : { ...identity, addressIsOwn: true };
  if (!identity.addressIsOwn || identity.manager || local === '') return identity;
  return { ...identity, address: local };
}
