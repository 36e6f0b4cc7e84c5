// Whom this host asks for addresses on networks of several hosts.

/** Asks whoever hands out addresses for a place of a container that has none yet. */
export interface Joiner {
  /** The address with its prefix. Throws in Swarm's words. */
  join(options: {
    readonly network: string;
    readonly container: string;
    readonly name: string;
    readonly aliases: readonly string[];
    /** Empty for any. */
    readonly address: string;
  }): Promise<string>;
  /** Of one network, or of all that it has places on. */
  leave(container: string, network?: string): void;
}
