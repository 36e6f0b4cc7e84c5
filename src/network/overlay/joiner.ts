// Whom this host asks for addresses on networks of several hosts.

/** Asks whoever hands out addresses for a place of a container that has none yet. */
export interface Joiner {
  /** Addresses with their prefix. Throws in Swarm's words. */
  join(options: {
    readonly network: string;
    readonly container: string;
    readonly name: string;
    readonly aliases: readonly string[];
    /** Empty for any. */
    readonly address: string;
    readonly address6: string;
  }): Promise<{ readonly address: string; readonly address6?: string }>;
  /** Of one network, or of all that it has places on. */
  leave(container: string, network?: string): void;
}
