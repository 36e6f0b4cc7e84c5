// A node that joins from behind an address translation, under an address by which nobody reaches it. Pure.

/** Undefined where there is none, where another address is advertised, or where an older node does not say. */
export function natProblem(
  { address, local }: { readonly address: string; readonly local?: string },
  remote: string,
): string | undefined {
  if (local === undefined || local === '' || local === remote || address !== local) return undefined;
  return `rpc error: code = FailedPrecondition desc = this node is behind an address translation (NAT): it calls itself ${local}, and the managers see ${remote}; the other nodes' packets to its overlay networks would not reach it. Give an address that they reach with --advertise-addr`;
}
