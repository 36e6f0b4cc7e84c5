// Berth's own answers about networks: what stops a connection, and who reaches which published port.

export interface ExplainStep {
  readonly step: 'from' | 'name' | 'route' | 'policy' | 'port' | 'listener';
  readonly ok: boolean;
  readonly text: string;
}

export interface Explanation {
  readonly reachable: boolean;
  /** One line: what stops the connection, or how it goes. */
  readonly reason: string;
  /** What can be done about it. */
  readonly hint?: string;
  /** In the order walked; the last one is where it stops. */
  readonly steps: readonly ExplainStep[];
}

export interface PublishedPort {
  readonly container: string;
  readonly containerId: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly port: number;
  /** `this host`, `everybody`, or who else, in words. */
  readonly reachableBy: string;
  readonly warning?: string;
}
